// An event to be made or changed: title, date, place, places, and whom to invite from one's contacts.

import { byName } from "../words.js";
import { form, openDialog } from "./dialogs.js";
import { avatar, el, iconButton } from "./dom.js";
import { wholeDayOf, withOffset } from "./times.js";

const TITLE_MAX_CHARS = 200, VENUE_MAX_CHARS = 100, ADDRESS_MAX_CHARS = 1000, SPOTS_MAX = 1000000;

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
    const name = event ? "Edit event" : "New event";
    this.title = el("h1.title", { tabindex: "-1" }, name);
    this.people = event ? null : choices(client, [], "Invite");
    const fields = form(fieldsOf(event), event ? "Save" : "Create event", (values) => this.#send(values));
    if (this.people) fields.querySelector(".problem").before(this.people);
    this.node = el("section.page", { "aria-label": name },
      el("header.bar", {}, iconButton("back", "Back", () => this.#leave(), { class: "icon-button" }), el("div.bar-text", {}, this.title)),
      el("div.page-body", {}, fields));
    this.#offs.push(client.on("people", () => this.people && !this.people.querySelector("input") && this.#drawPeople()));
  }

  opened() {
    this.node.querySelector("input").focus();
  }

  stop() {
    for (const off of this.#offs) off();
  }

  #drawPeople() {
    const people = choices(this.#client, [], "Invite");
    this.people.replaceWith(people);
    this.people = people;
  }

  #leave() {
    const chat = this.#event && this.#client.findEvent(this.#event.id);
    this.#navigate(chat ? `#/chat/${chat.id}` : "#/");
  }

  async #send({ title, day, time, venue, address, spots }) {
    const fields = {
      title, is_time_specified: Boolean(time), event_date: withOffset(new Date(`${day}T${time || "00:00"}`)),
      venue_name: venue, address, total_spots: Number(spots),
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
  return openDialog("Invite more", (close) => {
    const people = choices(client, invited, "Contacts");
    const fields = form([], "Invite", async () => {
      const numbers = chosen(people);
      if (!numbers.length) throw new Error("Choose at least one contact.");
      await client.events.change(event.id, { invite_phone_numbers: numbers });
      close(true);
    }, () => close(null));
    fields.prepend(people);
    return fields;
  });
}

/** Contacts to choose from, but those with these numbers. Who has no account yet is invited by a text message. */
function choices(client, without, legend) {
  const { people } = client;
  const found = [...people.contacts.keys()].filter((number) => !without.includes(number)).map((number) => [number, people.nameOf(number)]);
  found.sort(([, one], [, other]) => byName(one, other));
  return el("fieldset.choices", {}, el("legend", {}, legend),
    ...found.map(([number, name]) => el("label.choice", {}, el("input", { type: "checkbox", name: "invited", value: number }), avatar(name, people.photos.get(number)), el("span", { dir: "auto" }, name))),
    found.length ? null : el("p.hint", {}, "There is nobody in your contacts to invite."));
}

const chosen = (fieldset) => [...fieldset.querySelectorAll("input:checked")].map(({ value }) => `+${value}`);

function fieldsOf(event) {
  const [day, time] = event ? partsOf(event) : ["", ""];
  return [
    ["title", "What", event?.title, { required: true, maxlength: TITLE_MAX_CHARS }],
    ["day", "Day", day, { type: "date", required: true }],
    ["time", "Time, if there is one", time, { type: "time" }],
    ["venue", "Place", event?.venue_name, { maxlength: VENUE_MAX_CHARS }],
    ["address", "Address", event?.address, { maxlength: ADDRESS_MAX_CHARS }],
    ["spots", "Places for guests", event?.total_spots ?? 5, { type: "number", min: 1, max: SPOTS_MAX, required: true, inputmode: "numeric" }],
  ];
}

/** The day and the time of an event where the viewer is, as form fields take them. */
function partsOf({ event_date: date, is_time_specified: hasTime }) {
  if (!hasTime) return [wholeDayOf(date).toISOString().slice(0, 10), ""];
  const at = new Date(date);
  const local = new Date(at.getTime() - at.getTimezoneOffset() * 60000).toISOString();
  return [local.slice(0, 10), local.slice(11, 16)];
}
