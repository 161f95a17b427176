// Who is invited to an event: faces in a row with how many are going, and behind them everybody by their answer, with their words.

import { answersOf, guestsOf, isOver, placesLeft } from "../events.js";
import { gettext, ngettext } from "../language.js";
import { numberOf } from "../locale.js";
import { avatar, el, icon, show } from "./dom.js";
import { nameOfInvitee, photoOfInvitee } from "./event_texts.js";

const FACES_MAX = 5;

export class EventGuests {
  #people;
  #event = null;
  #drawn = "";

  constructor(people) {
    this.#people = people;
    this.faces = el("span.faces", { "aria-hidden": "true" });
    this.counts = el("span.event-counts");
    this.places = el("span.event-places");
    this.list = el("div.event-people");
    this.node = el("details.event-guests", { ontoggle: () => this.#drawList() },
      el("summary", {}, this.faces, el("span.event-guests-text", {}, this.counts, this.places), icon("down")), this.list);
  }

  show(event) {
    this.#event = event;
    const going = guestsOf(event).filter(({ is_attending: answer }) => answer !== "False");
    const [yes, open, no] = answersOf(event).map(({ length }) => length);
    const parts = [
      yes ? goingOf(yes) : "",
      open ? openOf(open) : "",
      no ? absentOf(no) : "",
    ];
    const faces = going.slice(0, FACES_MAX).map((invitee) => avatar(nameOfInvitee(invitee, this.#people), photoOfInvitee(invitee, this.#people)));
    const more = going.length - faces.length;
    this.faces.replaceChildren(...faces, ...(more > 0 ? [el("span.avatar.faces-more", {}, `+${numberOf(more)}`)] : []));
    this.faces.hidden = !faces.length;
    this.counts.replaceChildren(...parts.filter(Boolean).flatMap((part, place) => [place ? " · " : "", el("span", {}, part)]));
    if (!event.invitees.length) show(this.counts, gettext("Nobody is invited yet"));
    show(this.places, event.is_canceled || isOver(event) ? "" : placesOf(event));
    this.#drawList();
  }

  /** Only while it is seen: hundreds may be invited. */
  #drawList() {
    if (!this.node.open || !this.#event) return;
    const key = JSON.stringify(this.#event.invitees.map((one) => [nameOfInvitee(one, this.#people), photoOfInvitee(one, this.#people), one.is_attending, one.rsvp_message]));
    if (key === this.#drawn) return;
    this.#drawn = key;
    const titles = [goingOf, openOf, absentOf];
    this.list.replaceChildren(...answersOf(this.#event).flatMap((group, place) => (group.length
      ? [el("h3", {}, titles[place](group.length)), el("ul", { role: "list" }, ...group.map((invitee) => this.#row(invitee)))]
      : [])));
  }

  #row(invitee) {
    const name = nameOfInvitee(invitee, this.#people);
    return el("li.event-guest", {}, avatar(name, photoOfInvitee(invitee, this.#people)), el("span.person-name", { dir: "auto" }, name),
      invitee.rsvp_message ? el("span.person-line", { dir: "auto" }, gettext("“{note}”", { note: invitee.rsvp_message })) : null);
  }
}

/** "4 going" */
export const goingOf = (count) => ngettext("{count} going", "{count} going", count);

const openOf = (count) => ngettext("{count} not answered", "{count} not answered", count);
const absentOf = (count) => ngettext("{count} can’t go", "{count} can’t go", count);

function placesOf(event) {
  const left = placesLeft(event);
  if (left === 0) return gettext("No places left");
  return ngettext("{left} of {count} place left", "{left} of {count} places left", event.total_spots, { left: numberOf(left) });
}
