// Who is writing right now: shown until they stop, send, or nothing more is heard of it; and the same told of oneself.

import { Emitter } from "./emitter.js";

const AGAIN_MS = 4000; // the server forgets after 8 s
const IDLE_MS = 5000;

export class Typing extends Emitter {
  #ask;
  #timers = new Map(); // "chat account" -> timer
  #mine = null; // { chat, toldAt, idle }

  constructor({ ask }) {
    super();
    this.#ask = ask;
  }

  /** The accounts that write in a chat. */
  in(chat) {
    const start = `${chat} `;
    return [...this.#timers.keys()].filter((key) => key.startsWith(start)).map((key) => Number(key.slice(start.length)));
  }

  hear({ chat, account, state, expires_in_ms: expiresInMs }) {
    this.#end(`${chat} ${account}`);
    if (state === "typing") this.#timers.set(`${chat} ${account}`, setTimeout(() => this.over(chat, account), expiresInMs + 500));
    this.emit("change", chat);
  }

  /** A message says it all. */
  over(chat, account) {
    if (this.#end(`${chat} ${account}`)) this.emit("change", chat);
  }

  /** Without a line nobody here knows who writes. */
  forget() {
    for (const key of [...this.#timers.keys()]) this.over(...key.split(" ").map(Number));
  }

  /** A key was pressed in a chat; told now and then, and taken back after a pause. */
  pressed(chat) {
    const now = Date.now();
    if (this.#mine?.chat !== chat) this.stopped();
    if (!this.#mine || now - this.#mine.toldAt > AGAIN_MS) {
      this.#ask("/typing", "typing_start", { chat }).catch(() => {});
      this.#mine = { chat, toldAt: now, idle: this.#mine?.idle };
    }
    clearTimeout(this.#mine.idle);
    this.#mine.idle = setTimeout(() => this.stopped(), IDLE_MS);
  }

  stopped({ isSent = false } = {}) {
    if (!this.#mine) return;
    clearTimeout(this.#mine.idle);
    if (!isSent) this.#ask("/typing", "typing_stop", { chat: this.#mine.chat }).catch(() => {});
    this.#mine = null;
  }

  #end(key) {
    clearTimeout(this.#timers.get(key));
    return this.#timers.delete(key);
  }
}
