// What this account is told of: in this browser, and by pushes of the events API when no page is open.

import { gettext } from "../../language.js";
import { el } from "../dom.js";
import { noticeSettings } from "../notice_settings.js";
import { checkbox, loaded, savedAtOnce } from "./fields.js";

const FLAGS = [
  ["notify_new_invite", gettext("Someone invites me to an event")],
  ["notify_invite_rsvp", gettext("A guest answers my invitation")],
  ["notify_event_full", gettext("My event is full")],
  ["notify_upcoming_event", gettext("An event I am going to is coming up")],
  ["notify_contact_joined", gettext("Someone I know joins")],
];

export function open(client) {
  const path = `/api/users/${client.me}`;
  const flag = (user, [name, label]) => savedAtOnce({ control: checkbox(), label, held: user[name], save: (isOn) => client.rest.patch(path, { [name]: isOn }) });
  return {
    node: el("div", {}, noticeSettings(), el("h2", {}, gettext("On your phone")), el("p.hint", {}, gettext("What the app on your phone tells you about, if this server sends notifications to phones.")),
      loaded(() => client.rest.get(path), (user) => FLAGS.map((one) => flag(user, one)))),
  };
}
