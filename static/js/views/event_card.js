// The card of an event above its chat (loaded with the first chat of an event that is opened): when, where, who is going, what is free, and
// one's own answer. It folds to a line by itself: with an answer, and when the reader turns to the talk below it.

import { dayOfEvent, wholeDayOf } from "../calendar.js";
import { comingTo, isOver, myInvitation } from "../events.js";
import { gettext, ngettext } from "../language.js";
import { loaded } from "./attach.js";
import { confirmed, openForm } from "./dialogs.js";
import { attempt, el, icon, perFrame, show } from "./dom.js";
import { EventAnswer } from "./event_answer.js";
import { EventGuests, goingOf } from "./event_guests.js";
import { hideEvent } from "./event_hide.js";
import { inOne, nameOfInvitee } from "./event_texts.js";
import { eventTile } from "./event_tile.js";
import { ALONE, formatted, withLinks } from "./texts.js";
import { briefEventDateOf, eventDateOf, withOffset } from "./times.js";
import "./presses.js";

const VENUE_MAX_CHARS = 100;
const MINUTE_MS = 60000;
const SCROLLED_WITHIN_MS = 1000; // of a wheel, a finger or a key: then it is the reader who scrolls
const MAPS = /iPhone|iPad|iPod/.test(navigator.userAgent) ? "https://maps.apple.com/?q=" : "https://maps.google.com/?q=";
const ANSWERS = { True: true, False: false };
const SIGNS = { true: "tick", false: "close", null: "calendar" };
const TURNS = ["wheel", "touchmove", "keydown", "pointerdown", "scroll", "input"];

export class EventCard {
  #client;
  #chat;
  #navigate;
  #offs;
  #drawn = new Map(); // part -> what it was drawn of
  #answer; // one's own, as it was drawn last; undefined before
  #seen = { event: null, revision: -1, version: 0 }; // what the guests were drawn of
  #touchedAt = -Infinity;

  constructor(client, chat, navigate) {
    this.#client = client;
    this.#chat = chat;
    this.#navigate = navigate;
    this.sign = el("span.event-sign", {}, icon("calendar"));
    this.badge = el("span.event-badge", { hidden: true });
    this.line = el("span.event-line", { dir: "auto" }, gettext("Loading the event…"));
    this.summary = el("summary", {}, this.sign, this.badge, this.line, icon("down"));
    this.head = el("div.event-head");
    this.answer = new EventAnswer({
      sampleReplies: () => client.events.sampleReplies(),
      send: async (isGoing, note, hadFocus) => {
        await client.events.answer(chat.event, isGoing, note);
        this.#fold(hadFocus && document.activeElement === document.body);
      },
    });
    this.problem = el("p.problem", { role: "alert" });
    this.guests = new EventGuests(client.people);
    this.polls = el("div.event-polls", { hidden: true });
    this.acts = el("div.event-acts");
    this.body = el("div.event-body", {}, this.head, this.answer.node, this.problem, this.guests.node, this.polls, this.acts);
    this.node = el("details.event-card", { "aria-label": gettext("Event"), ontoggle: () => this.#drawLine() }, this.summary, this.body);
    const draw = perFrame(() => this.#draw());
    this.#offs = [
      client.events.on("change", (id) => id === chat.event && this.#draw()),
      client.on("people", draw),
      client.on("chat", (other) => other === chat && draw()),
      client.on("state", (state) => state === "online" && this.#load()),
      every(MINUTE_MS, () => this.#draw()), // it may have passed
      ...TURNS.map((name) => heard(name, this.#turn)),
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

  async #invite(event) {
    const form = await loaded(() => import("./event_form.js"), (error) => show(this.problem, error.message));
    await form?.openInvite(this.#client, event);
  }

  /** The reader scrolls the talk, or writes. */
  #turn = (event) => {
    if (!this.node.open || this.node.contains(event.target) || !this.node.parentNode?.contains(event.target)) return;
    if (event.type === "input") return this.#fold();
    if (!event.target.closest?.(".stage")) return;
    if (event.type !== "scroll") this.#touchedAt = event.timeStamp;
    else if (event.timeStamp - this.#touchedAt < SCROLLED_WITHIN_MS) this.#fold();
  };

  /** What was folded away, or `isLost` on the way, gives the focus to the line. */
  #fold(isLost = false) {
    const hadFocus = isLost || this.body.contains(document.activeElement);
    this.body.scrollTop = 0;
    this.node.open = false;
    this.#touchedAt = -Infinity; // what moves the talk when somebody opens it again is not the reader
    this.#drawLine();
    if (hadFocus) this.summary.focus();
  }

  /** Each part is drawn where it differs: what has the focus stays in the document. */
  #draw() {
    const event = this.#client.events.find(this.#chat.event);
    if (event === undefined) return;
    if (event === null) {
      show(this.line, gettext("This event no longer exists."));
      this.body.hidden = true;
      return;
    }
    this.body.hidden = false; // also of somebody who is invited again
    const { me } = this.#client;
    const isMine = event.owner.id === me, isPast = isOver(event), { isMember } = this.#chat;
    const invitation = myInvitation(event, me);
    const answer = ANSWERS[invitation?.is_attending] ?? null;
    const isOn = isMember && !event.is_canceled;
    this.#openOrFold(answer, isMine || isPast || event.is_canceled);
    const { polls, event_date: date, is_time_specified: hasTime, venue_name: venue } = event;
    this.#drawLine();
    this.#part("head", [event.title, date, hasTime, venue, event.address, event.description, event.is_canceled, isPast], () => this.#drawHead(event, isPast));
    this.#part("answer", [answer, invitation, isPast, isOn, isMine], () => this.answer.show({ isShown: !isMine && Boolean(invitation) && isOn, isPast, answer, note: invitation?.rsvp_message ?? "" }));
    this.#part("guests", [this.#guestsOf(event), event.total_spots, event.spots_filled, isPast, event.is_canceled], () => this.guests.show(event));
    this.#part("polls", [date, venue, polls, isOn], () => this.#drawPolls(event, isMine && isOn));
    const mayDecline = isOn && !isPast && Boolean(invitation) && answer !== false, isHidden = this.#chat.isArchivedAt(Date.now());
    this.#part("acts", [isOn, isMine, mayDecline, isHidden], () => this.#drawActs(event, isMine, isOn, isMine || isHidden ? null : { mayDecline }));
  }

  /** Who is invited as they are shown: the same as before unless the event, or what is known of people, is another. */
  #guestsOf(event) {
    const { people } = this.#client;
    if (this.#seen.event !== event || this.#seen.revision !== people.revision) {
      this.#seen = { event, revision: people.revision, version: this.#seen.version + 1 };
    }
    return this.#seen.version;
  }

  #part(name, facts, draw) {
    const version = JSON.stringify(facts);
    if (this.#drawn.get(name) === version) return;
    this.#drawn.set(name, version);
    attempt(draw, () => null);
  }

  /** It opens by itself if an answer is missing, and folds when one has come from another device. */
  #openOrFold(answer, isSettled) {
    if (this.#answer === undefined && answer === null && !isSettled) this.node.open = true;
    if (this.#answer === null && answer !== null && !this.body.contains(document.activeElement)) this.#fold();
    this.#answer = answer;
  }

  /** All that there is to say in one line, while the card is folded; above the open card, whose event it is. */
  #drawLine() {
    const event = this.#client.events.find(this.#chat.event);
    if (!event) return;
    const isMine = event.owner.id === this.#client.me, isPast = isOver(event);
    const answer = ANSWERS[myInvitation(event, this.#client.me)?.is_attending] ?? null;
    this.badge.hidden = !event.is_canceled && !isPast;
    this.badge.classList.toggle("is-canceled", event.is_canceled);
    show(this.badge, event.is_canceled ? gettext("Cancelled") : gettext("Over"));
    const sign = isMine ? "calendar" : SIGNS[answer];
    if (this.sign.dataset.of !== sign) this.sign.replaceChildren(icon(sign));
    this.sign.dataset.of = sign;
    this.sign.classList.toggle("is-missing", answer === null && !isMine && !isPast && !event.is_canceled);
    if (this.node.open) {
      show(this.line, isMine ? gettext("Your event") : gettext("{who} invites you", { who: nameOfInvitee(event.owner, this.#client.people) }));
      return;
    }
    const coming = comingTo(event);
    const others = isPast ? ngettext("{count} said yes", "{count} said yes", coming) : goingOf(coming);
    show(this.line, [briefEventDateOf(event.event_date, event.is_time_specified), isMine || event.is_canceled ? "" : saidOf(answer, isPast), others].filter(Boolean).join(" · "));
  }

  #drawHead(event, isPast) {
    const { event_date: date, is_time_specified: hasTime, venue_name: venue, address, is_canceled: isCanceled } = event;
    const place = inOne([venue, address]);
    const state = isCanceled ? gettext("This event is cancelled.") : isPast ? gettext("This event is over.") : "";
    this.head.replaceChildren(...[
      state ? el(`p.event-state${isCanceled ? ".is-canceled" : ""}`, {}, state) : null,
      eventTile(dayOfEvent(event), isCanceled),
      el("h2.event-title", { dir: "auto" }, ...withLinks(event.title)),
      el("p.event-fact", {}, icon("clock"), el("time", { datetime: hasTime ? date : wholeDayOf(date).toISOString().slice(0, 10) }, eventDateOf(date, hasTime))),
      el("p.event-fact", {}, icon("place"), place
        ? el("a", { href: MAPS + encodeURIComponent(place), target: "_blank", rel: "noopener noreferrer", dir: "auto", "aria-label": gettext("{place} on a map", { place }) }, place)
        : el("span.hint", {}, gettext("No place yet"))),
      event.description ? el("div.text.event-description", { dir: "auto" }, ...formatted(event.description, ALONE)) : null,
    ].filter(Boolean));
  }

  #drawPolls(event, isOpen) {
    this.polls.hidden = !event.polls.length;
    this.polls.replaceChildren(el("h3", {}, gettext("Suggested instead")), el("ul", { role: "list" }, ...event.polls.map((poll) => {
      const what = suggestionOf(event, poll);
      return el("li.event-poll", {}, el("span", { dir: "auto" }, what),
        isOpen && !isTaken(event, poll) ? el("button", { type: "button", onclick: () => this.#takeOver(event, poll, what) }, gettext("Use this")) : null);
    })));
  }

  async #takeOver(event, poll, what) {
    if (!(await confirmed(gettext("Change the event to {what}?", { what }), gettext("Everyone who is invited will see it. Answers stay as they are."), gettext("Change it")))) return;
    await this.#try(() => this.#client.events.takeOver(event.id, poll));
  }

  /** `hiding`: null for one’s own event, and for one that is hidden already. */
  #drawActs(event, isMine, isOn, hiding) {
    const act = (drawing, label, onclick, kind = "") => el(`button.event-act${kind}`, { type: "button", onclick }, icon(drawing), label);
    const hide = hiding && act("archive", gettext("Hide event"), () => this.#hide(hiding.mayDecline));
    this.acts.replaceChildren(...(isOn ? [
      isMine ? act("plus", gettext("Invite people"), () => this.#invite(this.#client.events.find(event.id))) : null,
      isMine ? act("pen", gettext("Edit"), () => this.#navigate(`#/event/${event.id}`)) : null,
      act("clock", gettext("Suggest a change"), () => this.#suggest()),
      isMine ? act("close", gettext("Cancel event"), () => this.#cancel(event), ".danger") : null,
      hide,
    ] : [hide]).filter(Boolean));
  }

  async #hide(mayDecline) {
    if (await hideEvent(this.#client, this.#chat, mayDecline)) this.#navigate("#/");
  }

  #suggest() {
    const fields = [["date", gettext("Another date and time"), "", { type: "datetime-local" }], ["venue", gettext("Another place"), "", { maxlength: VENUE_MAX_CHARS }]];
    return openForm(gettext("Suggest another time or place"), fields, gettext("Suggest"), async ({ date, venue }) => {
      if (!date && !venue.trim()) throw new Error(gettext("Give a date or a place."));
      await this.#client.events.suggest(this.#chat.event, date ? withOffset(new Date(date)) : null, venue.trim());
    }, gettext("Back"));
  }

  async #cancel(event) {
    if (!(await confirmed(gettext("Cancel this event?"), gettext("Everyone who is invited will see it. This cannot be undone."), gettext("Cancel event"), gettext("Keep it")))) return;
    await this.#try(() => this.#client.events.cancel(event.id));
  }

  async #try(act) {
    try {
      await act();
    } catch (error) {
      show(this.problem, error.message);
    }
  }
}

function saidOf(answer, isPast) {
  if (isPast) return answer === null ? "" : answer ? gettext("You said yes") : gettext("You said no");
  return answer === null ? gettext("Not answered") : answer ? gettext("Going") : gettext("Not going");
}

const isSameDate = ({ suggested_date: date }, event) => Date.parse(date) === Date.parse(event.event_date);

/** A suggestion in words: its place, and its date unless that is the event's. */
const suggestionOf = (event, poll) => inOne([isSameDate(poll, event) && poll.suggested_venue ? "" : eventDateOf(poll.suggested_date), poll.suggested_venue]);

/** Whether the event is so already. */
const isTaken = (event, poll) => isSameDate(poll, event) && (!poll.suggested_venue || poll.suggested_venue === event.venue_name);

/** Returns what ends it. */
function every(ms, work) {
  const timer = setInterval(work, ms);
  return () => clearInterval(timer);
}

/** Hears an event anywhere on the page; returns what ends it. */
function heard(name, listener) {
  const how = { passive: true, capture: true };
  document.addEventListener(name, listener, how);
  return () => document.removeEventListener(name, listener, how);
}
