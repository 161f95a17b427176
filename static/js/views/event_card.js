// The card of an event above its chat: when, where, who comes, what is free, and one's own answer.

import { comingTo, guestsOf, isOver, myInvitation, placesLeft } from "../events.js";
import { confirmed, openDialog, openForm } from "./dialogs.js";
import { attempt, avatar, el, icon, show } from "./dom.js";
import { nameOfInvitee } from "./event_texts.js";
import { openInvite } from "./event_form.js";
import { withLinks } from "./texts.js";
import { briefEventDateOf, eventDateOf, wholeDayOf, withOffset } from "./times.js";

const WORDS_MAX_CHARS = 60, VENUE_MAX_CHARS = 100;
const FACES_MAX = 6;
const MAPS = /iPhone|iPad|iPod/.test(navigator.userAgent) ? "https://maps.apple.com/?q=" : "https://maps.google.com/?q=";
const ANSWERS = { True: "comes", False: "cannot come" };

export class EventCard {
  #client;
  #chat;
  #navigate;
  #offs;
  #isBusy = false;
  #isKnown = false; // then the card has opened by itself if an answer is missing

  constructor(client, chat, navigate) {
    this.#client = client;
    this.#chat = chat;
    this.#navigate = navigate;
    this.line = el("span.event-line", {}, "Loading the event…");
    this.note = el("p.event-note", { hidden: true });
    this.facts = el("div.event-facts");
    this.guests = el("div.event-guests");
    this.polls = el("div.event-polls");
    this.problem = el("p.problem", { role: "alert" });
    this.mine = el("p.event-mine", { role: "status" });
    this.yes = el("button", { type: "submit", value: "yes" }, "I come");
    this.no = el("button", { type: "submit", value: "no" }, "I cannot");
    this.words = el("input", { name: "words", maxlength: WORDS_MAX_CHARS, dir: "auto", autocomplete: "off", placeholder: "A few words", "aria-label": "A few words with your answer" });
    this.answer = el("form.event-answer", { "aria-label": "Your answer", hidden: true, onsubmit: (event) => this.#answer(event) }, this.words, el("div.event-buttons", {}, this.yes, this.no));
    this.acts = el("div.event-buttons");
    this.body = el("div.event-body", {}, this.note, this.facts, this.mine, this.answer, this.problem, this.guests, this.polls, this.acts);
    this.node = el("details.event-card", { "aria-label": "Event", ontoggle: () => this.#drawLine() },
      el("summary", {}, icon("calendar"), this.line, icon("down")), this.body);
    this.#offs = [
      client.events.on("change", (id) => id === chat.event && this.#draw()),
      client.on("people", () => this.#draw()),
      client.on("chat", (other) => other === chat && this.#draw()),
      client.on("state", (state) => state === "online" && this.#load()),
    ];
    this.#draw();
    this.#load();
  }

  stop() {
    for (const off of this.#offs) off();
  }

  async #load() {
    try {
      await this.#client.events.load(this.#chat.event);
      show(this.problem, "");
    } catch (error) {
      if (!this.#client.events.find(this.#chat.event)) show(this.line, error.message);
    }
  }

  #draw() {
    const event = this.#client.events.find(this.#chat.event);
    if (event === undefined) return;
    const version = JSON.stringify([event, event.is_canceled, event && this.#names(event), this.#chat.isMember]);
    if (version === this.version) return;
    this.version = version;
    if (event === null) {
      show(this.line, "This event does not exist any more.");
      this.body.hidden = true;
      return;
    }
    const isMine = event.owner.id === this.#client.me;
    const invitation = myInvitation(event, this.#client.me);
    const isAnswered = isMine || invitation?.is_attending != null;
    if (!this.#isKnown && !isAnswered && !isOver(event) && !event.is_canceled) this.node.open = true;
    this.#isKnown = true;
    const parts = [
      () => this.#drawLine(), () => this.#drawNote(event), () => this.#drawFacts(event), () => this.#drawAnswer(event, isMine, invitation),
      () => this.#drawGuests(event), () => this.#drawPolls(event), () => this.#drawActs(event, isMine),
    ];
    for (const part of parts) attempt(part, () => null);
  }

  #names(event) {
    return event.invitees.map((invitee) => nameOfInvitee(invitee, this.#client.people));
  }

  /** All that there is to say in one line, while the card is folded. */
  #drawLine() {
    const event = this.#client.events.find(this.#chat.event);
    if (!event) return;
    const { is_attending: mine } = myInvitation(event, this.#client.me) ?? {};
    const answer = event.owner.id === this.#client.me ? "" : { True: "You come", False: "You cannot come" }[mine] ?? "Not answered yet";
    const coming = comingTo(event);
    const parts = [briefEventDateOf(event.event_date, event.is_time_specified), event.is_canceled ? "Cancelled" : answer, `${coming} ${coming === 1 ? "comes" : "come"}`];
    show(this.line, this.node.open ? "About this event" : parts.filter(Boolean).join(" · "));
  }

  #drawNote(event) {
    const isCanceled = event.is_canceled;
    this.note.hidden = !isCanceled && !isOver(event);
    this.note.classList.toggle("is-canceled", isCanceled);
    show(this.note, isCanceled ? "This event is cancelled." : "This event is over.");
  }

  #drawFacts(event) {
    const { event_date: date, is_time_specified: hasTime, venue_name: venue, address } = event;
    const place = [venue, address].filter(Boolean).join(", ");
    this.facts.replaceChildren(
      el("h2.event-title", { dir: "auto" }, ...withLinks(event.title)),
      el("p.event-fact", {}, icon("clock"), el("time", { datetime: hasTime ? date : wholeDayOf(date).toISOString().slice(0, 10) }, eventDateOf(date, hasTime))),
      el("p.event-fact", {}, icon("place"), place
        ? el("a", { href: MAPS + encodeURIComponent(place), target: "_blank", rel: "noopener noreferrer", dir: "auto" }, place, el("span.unseen", {}, " on a map"))
        : el("span.hint", {}, "Any place")));
  }

  #drawAnswer(event, isMine, invitation) {
    const answer = invitation?.is_attending ?? null;
    const words = invitation?.rsvp_message ?? "";
    this.mine.hidden = isMine || answer === null;
    show(this.mine, answer === null ? "" : `${answer === "True" ? "You come" : "You cannot come"}${words ? `: “${words}”` : "."}`);
    this.answer.hidden = isMine || !invitation || !this.#chat.isMember || event.is_canceled;
    for (const [button, value] of [[this.yes, "True"], [this.no, "False"]]) {
      button.setAttribute("aria-pressed", String(answer === value));
      button.classList.toggle("primary", answer === value || (answer === null && value === "True"));
    }
  }

  #drawGuests(event) {
    const { people } = this.#client;
    const guests = guestsOf(event);
    const left = placesLeft(event);
    const row = (invitee) => {
      const name = nameOfInvitee(invitee, people);
      const answer = name === "You" && invitee.is_attending === "True" ? "come" : (ANSWERS[invitee.is_attending] ?? "no answer yet");
      return el("li.event-guest", {}, avatar(name, people.photos.get(invitee.phone_number.replace(/\D/g, ""))),
        el("span.person-name", { dir: "auto" }, name), el("span.person-line", { dir: "auto" }, answer, invitee.rsvp_message ? `: “${invitee.rsvp_message}”` : ""));
    };
    const owner = event.owner.id === this.#client.me ? "You invite" : `${nameOfInvitee(event.owner, people)} invites`;
    const more = guests.length - FACES_MAX;
    this.guests.replaceChildren(...[
      el("h3", {}, `${owner} · ${left === 0 ? "no places left" : `${left} of ${event.total_spots} ${event.total_spots === 1 ? "place" : "places"} left`}`),
      el("ul", { role: "list" }, ...guests.slice(0, FACES_MAX).map(row)),
      more > 0 ? el("button.link", { type: "button", onclick: () => openDialog("Guests", () => el("ul.event-all", { role: "list", tabindex: "0", "aria-label": "All guests" }, ...guests.map(row))) }, `All ${guests.length} guests`) : null,
      guests.length ? null : el("p.hint", {}, "Nobody is invited yet."),
    ].filter(Boolean));
  }

  #drawPolls(event) {
    const what = ({ suggested_date: date, suggested_venue: venue }) => [Date.parse(date) === Date.parse(event.event_date) && venue ? "" : eventDateOf(date), venue].filter(Boolean).join(", ");
    this.polls.hidden = !event.polls.length;
    this.polls.replaceChildren(el("h3", {}, "Suggested instead"), el("ul", { role: "list" }, ...event.polls.map((poll) => el("li", { dir: "auto" }, what(poll)))));
  }

  #drawActs(event, isMine) {
    const isOn = this.#chat.isMember && !event.is_canceled;
    this.acts.replaceChildren(...(isOn ? [
      el("button", { type: "button", onclick: () => this.#suggest() }, "Suggest another"),
      isMine ? el("button", { type: "button", onclick: () => openInvite(this.#client, event) }, "Invite more") : null,
      isMine ? el("button", { type: "button", onclick: () => this.#navigate(`#/event/${event.id}`) }, "Edit") : null,
      isMine ? el("button.danger", { type: "button", onclick: () => this.#cancel(event) }, "Cancel event") : null,
    ].filter(Boolean) : []));
  }

  async #answer(submitted) {
    submitted.preventDefault();
    if (this.#isBusy) return;
    this.#isBusy = true;
    show(this.problem, "");
    try {
      await this.#client.events.answer(this.#chat.event, submitted.submitter?.value !== "no", this.words.value.trim());
      this.words.value = "";
    } catch (error) {
      show(this.problem, error.message);
    } finally {
      this.#isBusy = false;
    }
  }

  #suggest() {
    const fields = [["date", "Another date and time", "", { type: "datetime-local" }], ["venue", "Another place", "", { maxlength: VENUE_MAX_CHARS }]];
    return openForm("Suggest another date or place", fields, "Suggest", async ({ date, venue }) => {
      if (!date && !venue.trim()) throw new Error("Give a date or a place.");
      await this.#client.events.suggest(this.#chat.event, date ? withOffset(new Date(date)) : null, venue.trim());
    });
  }

  async #cancel(event) {
    if (!(await confirmed("Cancel this event?", "Everybody who is invited sees it. It cannot be undone.", "Cancel the event"))) return;
    try {
      await this.#client.events.cancel(event.id);
    } catch (error) {
      show(this.problem, error.message);
    }
  }
}
