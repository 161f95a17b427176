// The days of events, which their chats have in lists where others have a face: chat.day is "2031-05-02", and kept with the chat.
//
//   new EventDays(client);      // from now on; client.on("chat", (chat) => …) says whose day is another one
//
// One reading brings the days of all events, and which of them wait for an answer (Events.list). What is heard of one later is believed at
// once, and what may have been missed is read.

import { dayOfEvent } from "./calendar.js";

const GATHER_MS = 200; // several chats of events may come at once
const PER_PAGE = 1000;
const PAGES_MAX = 5;
const MOVING = new Set(["event_date", "canceled", "deleted"]); // fields of entries after which the list differs

export class EventDays {
  #client;
  #timer = null;
  #isReading = false;
  #isStale = false; // something came while the list was on its way
  #known = new Set(); // ids of events whose day was read, or looked for
  #left = new Set(); // and of those whose chat one has left: a list after that is without them

  constructor(client) {
    this.#client = client;
    client.events.on("change", (id) => this.#learn(client.events.find(id)));
    client.on("chat", (chat) => chat.event && this.#meet(chat));
    client.on("news", ({ entries }) => entries.some((entry) => this.#moves(entry)) && this.#plan());
    this.#plan();
  }

  #meet({ event, isMember }) {
    if (!isMember) this.#left.add(event);
    else if (this.#left.delete(event) || !this.#known.has(event)) this.#plan();
  }

  #moves({ kind, fields, account }) {
    return (kind === "event" && fields.some((field) => MOVING.has(field))) || (kind === "rsvp" && account === this.#client.me);
  }

  #plan() {
    this.#timer ??= setTimeout(() => this.#begin(), GATHER_MS);
  }

  async #begin() {
    this.#timer = null;
    this.#isStale = this.#isReading;
    if (this.#isReading) return;
    this.#isReading = true;
    await this.#read();
    this.#isReading = false;
    if (this.#isStale) this.#plan();
  }

  /** Where there is no answer it is read with the next chat that moves; a refusal is one. */
  async #read() {
    const chats = [...this.#client.chats.values()].filter((chat) => chat.event);
    const found = [];
    try {
      for (let page = 1; page <= PAGES_MAX; page++) {
        const { results, next } = await this.#client.rest.get(`/api/events?${new URLSearchParams({ invitees_limit: 0, per_page: PER_PAGE, page })}`);
        found.push(...results);
        if (!next) break;
      }
      for (const event of found) this.#learn(event);
      this.#client.events.list(found);
      this.#know(chats);
    } catch (error) {
      if (error.status) this.#know(chats);
    }
  }

  #know(chats) {
    for (const { event } of chats) this.#known.add(event);
  }

  #learn(event) {
    const chat = event && this.#client.findEvent(event.id);
    const day = event && dayOfEvent(event);
    if (!chat || chat.day === day) return;
    this.#known.add(event.id);
    chat.day = day;
    this.#client.emit("chat", chat);
  }
}
