// Of what somebody is notified, and when: pure rules over a chat and its entries.

import { concerns } from "./log.js";

// A message that is read on another device within this time is not told here: its mark takes up to a second through the server.
const SETTLE_MS = 2000;
// Whoever is busy on another device has this long to see it there.
const SETTLE_ELSEWHERE_MS = 10000, ELSEWHERE_MS = 60000;

/** Whether an entry is something to be notified of, if its chat is not muted. */
export function isNews(entry, chat) {
  return entry.kind === "message" ? entry.sender !== chat.me && !entry.deleted : concerns(entry, chat.me, chat.owner);
}

/** Whether somebody does not want to be told of an entry, by what they set for its chat: the rule of the server for pushes. */
export function isMuted(chat, entry, now) {
  const { notify = "all" } = chat.settings;
  if (notify === "mentions") return !entry.mentions?.some(({ account }) => account === chat.me);
  return chat.isQuietAt(now);
}

/** How long a notice waits; `elsewhereAt`: when this account was last seen to do something on another device, in ms. */
export function waitFor(now, elsewhereAt) {
  return now - elsewhereAt < ELSEWHERE_MS ? SETTLE_ELSEWHERE_MS : SETTLE_MS;
}

/** Whether a notice about an entry still says something: it is there, and was not read on any device. */
export function isUnread(seq, chat) {
  const entry = chat.log.at(seq);
  return Boolean(entry) && !entry.deleted && chat.mark(chat.me).read < seq;
}

/** Lets at most `most` through within `ms`: after a long time without a connection nobody wants a hundred notices. */
export class Pace {
  #times = [];

  constructor(most, ms) {
    this.most = most;
    this.ms = ms;
  }

  take(now) {
    this.#times = this.#times.filter((time) => now - time < this.ms);
    if (this.#times.length >= this.most) return false;
    this.#times.push(now);
    return true;
  }
}
