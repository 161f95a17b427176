// An event to be made or changed: what, when, where, how many places, and whom to invite from one's contacts.

import { dayIn, wholeDayOf } from "../calendar.js";
import { gettext, ngettext, pgettext } from "../language.js";
import { compareWords } from "../locale.js";
import { excessOf } from "../words.js";
import { form, openDialog } from "./dialogs.js";
import { avatar, el, iconButton, show } from "./dom.js";
import { withOffset } from "./times.js";

const TITLE_MAX_CHARS = 200, VENUE_MAX_CHARS = 100, ADDRESS_MAX_CHARS = 1000, DESCRIPTION_MAX_CHARS = 4000, SPOTS_MAX = 1000000;
const COUNTED_FROM = 500; // characters left of a description
const SEARCHED_FROM = 8; // contacts

export class EventFormView {
  #client;
  #navigate;
  #event;
  #offs = [];

  /** Without an event it is a new one. */
  constructor(client, navigate, event = null) {
    this.#client = client;
    this.#navigate = navigate;
    this.#event = event;
    const name = event ? gettext("Edit event") : gettext("New event");
    this.title = el("h1.title", { tabindex: "-1" }, name);
    this.people = event ? null : choices(client, []);
    const fields = form(fieldsOf(event).map((node) => ({ node })), event ? gettext("Save") : gettext("Create event"), (values) => this.#send(values));
    if (this.people) fields.querySelector(".problem").before(this.people);
    this.node = el("section.page", { "aria-label": name },
      el("header.bar", {}, iconButton("back", gettext("Back"), () => this.#leave(), { class: "icon-button" }), el("div.bar-text", {}, this.title)),
      el("div.page-body.event-form", {}, fields));
    this.#offs.push(client.on("people", () => this.people && !this.people.querySelector("[name=invited]") && this.#drawPeople()));
  }

  opened() {
    this.node.querySelector("input").focus();
  }

  stop() {
    for (const off of this.#offs) off();
  }

  #drawPeople() {
    const people = choices(this.#client, []);
    this.people.replaceWith(people);
    this.people = people;
  }

  #leave() {
    const chat = this.#event && this.#client.findEvent(this.#event.id);
    this.#navigate(chat ? `#/chat/${chat.id}` : "#/events");
  }

  async #send({ title, day, time, venue, address, description, spots }) {
    if (!this.#event && new Date(`${day}T${time || "23:59"}`) < new Date()) throw new Error(gettext("This time has passed. Choose a later one."));
    const fields = {
      title, is_time_specified: Boolean(time), event_date: withOffset(new Date(`${day}T${time || "00:00"}`)),
      venue_name: venue, address, description, total_spots: Number(spots),
    };
    const { events } = this.#client;
    if (this.#event) {
      await events.change(this.#event.id, fields);
      this.#leave();
    } else {
      const created = await events.create({ ...fields, invite_phone_numbers: chosen(this.people) });
      this.#open(created.id);
    }
  }

  /** The chat's first entry comes over the socket, maybe before this answer and maybe after. */
  #open(id) {
    const open = () => {
      const chat = this.#client.findEvent(id);
      if (chat?.isLoaded) this.#navigate(`#/chat/${chat.id}`);
    };
    this.#offs.push(this.#client.on("chat", open));
    open();
  }
}

/** Invite people from one's contacts who are not invited yet. */
export function openInvite(client, event) {
  const invited = event.invitees.map(({ phone_number: number }) => number.replace(/\D/g, ""));
  return openDialog(gettext("Invite more people"), (close) => {
    const people = choices(client, invited);
    const fields = form([], pgettext("verb", "Invite"), async () => {
      const numbers = chosen(people);
      if (!numbers.length) throw new Error(gettext("Choose at least one contact."));
      await client.events.change(event.id, { invite_phone_numbers: numbers });
      close(true);
    }, () => close(null), gettext("Back"));
    fields.prepend(people);
    return fields;
  });
}

/** Contacts to choose from, but those with these numbers. Who has no account yet is invited by a text message. */
function choices(client, without) {
  const { people } = client;
  const found = [...people.contacts.keys()].filter((number) => !without.includes(number)).map((number) => [number, people.nameOf(number)]);
  found.sort(([, one], [, other]) => compareWords(one, other));
  const rows = found.map(([number, name]) => el("label.choice", {}, el("input", { type: "checkbox", name: "invited", value: number }), avatar(name, people.photos.get(number)), el("span", { dir: "auto" }, name)));
  const search = el("input.search", { type: "search", placeholder: gettext("Search contacts"), "aria-label": gettext("Search contacts"), hidden: found.length < SEARCHED_FROM, oninput: ({ target }) => {
    const query = target.value.trim().toLowerCase();
    for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(query);
  } });
  return el("fieldset.choices", {}, el("legend", {}, gettext("Whom to invite")), search, ...rows,
    found.length ? null : el("p.hint", {}, gettext("There is nobody in your contacts to invite.")));
}

const chosen = (fieldset) => [...fieldset.querySelectorAll("[name=invited]:checked")].map(({ value }) => `+${value}`);

function fieldsOf(event) {
  const [day, time] = event ? partsOf(event) : nextHour();
  const text = (name, value, props) => el("input", { name, value: value ?? "", dir: "auto", autocomplete: "off", ...props });
  return [
    labelled(gettext("Title"), text("title", event?.title, { required: true, maxlength: TITLE_MAX_CHARS })),
    el("div.field-pair", {},
      labelled(gettext("Date"), text("day", day, { type: "date", required: true, min: event ? null : dayIn(new Date()) })),
      labelled(gettext("Time (optional)"), text("time", time, { type: "time" }))),
    labelled(gettext("Place"), text("venue", event?.venue_name, { maxlength: VENUE_MAX_CHARS })),
    labelled(gettext("Address"), text("address", event?.address, { maxlength: ADDRESS_MAX_CHARS })),
    descriptionOf(event?.description ?? ""),
    labelled(gettext("Places for guests"), text("spots", event?.total_spots ?? 5, { type: "number", min: 1, max: SPOTS_MAX, required: true, inputmode: "numeric" })),
  ];
}

const labelled = (label, input) => el("label.field", {}, el("span", {}, label), input);

/** The field says how much may still be written near its limit. */
function descriptionOf(description) {
  const left = el("p.event-left", { role: "status", id: "description-left" });
  const count = () => {
    const room = -excessOf(field.value, DESCRIPTION_MAX_CHARS);
    show(left, room < COUNTED_FROM ? ngettext("{count} left", "{count} left", room) : "");
  };
  const field = el("textarea", { name: "description", value: description, dir: "auto", rows: "4", maxlength: DESCRIPTION_MAX_CHARS, "aria-describedby": left.id, oninput: count });
  count();
  return el("div", {}, labelled(gettext("Description"), field), left);
}

/** An event begins on the hour, unless one says otherwise. */
function nextHour() {
  const at = new Date();
  at.setHours(at.getHours() + 1, 0, 0, 0);
  return partsOf({ event_date: at.toISOString(), is_time_specified: true });
}

/** The day and the time of an event where the viewer is, as form fields take them. */
function partsOf({ event_date: date, is_time_specified: hasTime }) {
  if (!hasTime) return [wholeDayOf(date).toISOString().slice(0, 10), ""];
  const at = new Date(date);
  const local = new Date(at.getTime() - at.getTimezoneOffset() * 60000).toISOString();
  return [local.slice(0, 10), local.slice(11, 16)];
}
