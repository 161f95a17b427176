// What a screen reader says of a conversation while one is elsewhere in it: the last few things that happened.

import { gettext } from "../language.js";
import { attempt, el } from "./dom.js";

const KINDS = new Set(["message", "joined", "left", "role", "rsvp", "poll", "event", "pin", "expiry"]);
const KEPT = 5;

export class News {
  #me;
  #textOf;

  /** `textOf(entry)`: what is said of it. */
  constructor(me, textOf) {
    this.#me = me;
    this.#textOf = textOf;
    this.node = el("div.unseen", { role: "log", "aria-live": "polite", "aria-label": gettext("New messages") });
  }

  announce(entries) {
    for (const entry of entries) {
      if ((entry.sender ?? entry.account) === this.#me || !KINDS.has(entry.kind) || entry.pinned === false) continue;
      this.node.append(el("p", { dir: "auto" }, attempt(() => this.#textOf(entry), () => gettext("A new message"))));
      if (this.node.childElementCount > KEPT) this.node.firstChild.remove();
    }
  }
}
