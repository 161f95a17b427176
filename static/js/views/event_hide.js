// Leaving an event that one is invited to: saying no, where that is not said yet, and putting its chat into the archive.

import { gettext } from "../language.js";
import { openForm } from "./dialogs.js";
import { el } from "./dom.js";

/** `mayDecline`: there is an answer to give, and it is not no. Resolves with true once the event is hidden. */
export function hideEvent(client, chat, mayDecline) {
  const decline = el("label.choice", {}, el("input", { type: "checkbox", name: "decline", value: "yes", checked: true }), el("span", {}, gettext("Say that I am not going")));
  const fields = [
    { node: el("p", {}, gettext("It moves to the archive below your chats, and comes back when somebody writes there.")) },
    mayDecline && { node: decline },
  ].filter(Boolean);
  return openForm(gettext("Hide this event?"), fields, gettext("Hide"), async ({ decline: isDeclined }) => {
    if (isDeclined) await client.events.answer(chat.event, false, "");
    await client.setSettings(chat, { archived: true });
  });
}
