// Finds messages in one chat: what was found, which of it is looked at, and the way to what is older and newer.
//
//   const search = new ChatSearch({ ask: (body) => client.ask("/chat", "search", body), chat: 7 });
//   search.on("change", () => …)          // any of: hits, place, isReading, hasMore, error
//   search.look({ query: "lunch", kind: "i", from: "4930…" })   // the newest hit is looked at once it is known
//   search.step(1)                        // to the next older one, which is read first where it has to be; -1: to the next newer one
//
// An answer to a search that another one followed changes nothing.

import { Emitter } from "./emitter.js";

const PER_PAGE = 50;
const PAGES_MAX = 10; // a page of the server may be empty, and have a next one
const LONG_ENOUGH = /[\p{L}\p{M}\p{N}]{2}|[^\x00-\x7f]/u; // one letter of a script with thousands of them is a word

export class ChatSearch extends Emitter {
  #ask;
  #chat;
  #asked = null; // what is looked for
  #next = null;
  #last = 0; // the number of the last search
  hits = []; // newest first, as far as they are known
  place = -1; // of the one that is looked at
  isReading = false;
  error = null;

  constructor({ ask, chat }) {
    super();
    this.#ask = ask;
    this.#chat = chat;
  }

  get hit() {
    return this.hits[this.place] ?? null;
  }

  /** Whether there may be more than what is known. */
  get hasMore() {
    return this.#next !== null;
  }

  /** Whether anything is looked for. */
  get isOn() {
    return this.#asked !== null;
  }

  /** `from` is a number and `kind` a type of message, where only those are wanted. */
  async look({ query, from = "", kind = "" }) {
    this.#last += 1;
    this.#asked = LONG_ENOUGH.test(query) ? { query, chat: this.#chat, limit: PER_PAGE, ...(from ? { from } : {}), ...(kind ? { kind } : {}) } : null;
    this.#next = this.error = null;
    this.hits = [];
    this.place = -1;
    this.isReading = false;
    if (this.isOn) await this.#read();
    else this.emit("change");
  }

  async step(by) {
    const wanted = this.place + by;
    if (this.isReading || wanted < 0) return;
    const search = this.#last;
    if (wanted >= this.hits.length && this.hasMore) await this.#read();
    if (search !== this.#last || wanted >= this.hits.length) return;
    this.place = wanted;
    this.emit("change");
  }

  /** Read on until something is found. */
  async #read() {
    const search = this.#last;
    const known = this.hits.length;
    this.isReading = true;
    this.error = null;
    this.emit("change");
    try {
      for (let page = 0; page < PAGES_MAX && this.hits.length === known; page++) {
        const { hits, next } = await this.#ask({ ...this.#asked, ...(this.#next ? { before: this.#next } : {}) });
        if (search !== this.#last) return;
        this.hits.push(...hits);
        this.#next = next;
        if (!next) break;
      }
    } catch (error) {
      if (search !== this.#last) return;
      this.error = error;
    }
    this.isReading = false;
    if (this.place < 0 && this.hits.length) this.place = 0;
    this.emit("change");
  }
}
