// The stars that a person gave messages: read when they are first wanted, and then followed by what the chat with oneself says. They are read
// anew with each connection: of a log that was away for too long only the end is told.
//
//   const stars = starsOf(client);                // one for each client
//   await stars.load();                           // once; again after it failed, and by itself with the next connection
//   stars.has(chat, seq); stars.on("change", …);  // isLoaded: whether this is known

import { Emitter } from "./emitter.js";

const PAGE = 200;
const PAGES_MAX = 10;
const made = new WeakMap();

export function starsOf(client) {
  if (!made.has(client)) made.set(client, new Stars(client));
  return made.get(client);
}

class Stars extends Emitter {
  #client;
  #known = new Map(); // "chat seq" -> whether it has one
  #heard = new Map(); // the same, of what was heard since they were asked for
  #isWanted = false;
  #loading = null;
  isLoaded = false;

  constructor(client) {
    super();
    this.#client = client;
    client.on("news", ({ entries }) => {
      for (const entry of entries) if (entry.kind === "star") this.#learn(entry.of_chat, entry.of_seq, entry.starred);
    });
    client.on("state", (state) => {
      if (state !== "online" || !this.#isWanted) return;
      this.#loading = null;
      this.load();
    });
  }

  has(chat, seq) {
    return Boolean(this.#known.get(`${chat} ${seq}`));
  }

  load() {
    this.#isWanted = true;
    this.#loading ??= this.#read().catch(() => (this.#loading = null));
    return this.#loading;
  }

  /** Messages with a star, the one that was marked last first: {messages, next}. */
  list(before = undefined) {
    return this.#client.ask("/chat", "starred", { limit: PAGE, ...(before ? { before } : {}) });
  }

  async set(chat, seq, isStarred) {
    await this.#client.ask("/chat", "star_set", { chat, seq, starred: isStarred });
    this.#learn(chat, seq, isStarred);
  }

  /** What is heard meanwhile is newer than a page. */
  async #read() {
    const known = new Map();
    const heard = new Map();
    this.#heard = heard;
    let before;
    for (let page = 0; page < PAGES_MAX; page++) {
      const { messages, next } = await this.list(before);
      for (const { chat, seq } of messages) known.set(`${chat} ${seq}`, true);
      before = next;
      if (!next) break;
    }
    if (heard !== this.#heard) return; // they are being read anew
    this.#known = new Map([...known, ...heard]);
    this.isLoaded = true;
    this.emit("change");
  }

  #learn(chat, seq, isStarred) {
    for (const stars of [this.#known, this.#heard]) stars.set(`${chat} ${seq}`, isStarred);
    this.emit("change");
  }
}
