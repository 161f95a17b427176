// What was begun and not sent: per chat a text, and the message that it replies to. Kept in this browser.
//
//   const drafts = new Drafts(table);                     // table: store.js
//   await drafts.open();
//   drafts.put("chat:7", { text: "I thi", reply });       // reply: quotedOf(message), or null; marked?: who is mentioned, {text, mentions}
//   drafts.find("chat:7")                                 // or undefined
//   drafts.on("change", (place) => …)

import { cardNameOf } from "./card_name.js";
import { Emitter } from "./emitter.js";
import { beginningOf } from "./words.js";

const QUOTED_MAX_CHARS = 200;

/** What stands for a message above an answer to it. */
export function quotedOf({ seq, kind, from, type, text, caption, name, vcard, file_name, duration_ms, deleted }) {
  const quoted = text === undefined ? undefined : beginningOf(text, QUOTED_MAX_CHARS);
  return { seq, kind, from, type, text: quoted, caption, name: name ?? (vcard && cardNameOf(vcard)), file_name, duration_ms, deleted };
}

export class Drafts extends Emitter {
  #table;
  #rows = new Map(); // place -> { place, text, reply, marked? }

  constructor(table) {
    super();
    this.#table = table;
  }

  /** Read what earlier visits left; a browser that keeps nothing has nothing to read. */
  async open() {
    const rows = await this.#table.list().catch(() => []);
    for (const row of rows) this.#rows.set(row.place, row);
  }

  find(place) {
    return this.#rows.get(place);
  }

  /** Keep a draft in place of the one before; without text and reply there is none. */
  put(place, { text, reply = null, marked }) {
    const known = this.#rows.get(place);
    const row = { place, text, reply, ...(marked?.mentions.length ? { marked } : {}) };
    if ((known?.text ?? "") === text && (known?.reply?.seq ?? null) === (reply?.seq ?? null) && JSON.stringify(known?.marked) === JSON.stringify(row.marked)) return;
    if (text || reply) this.#rows.set(place, row);
    else this.#rows.delete(place);
    (text || reply ? this.#table.put(row) : this.#table.remove(place)).catch(() => {});
    this.emit("change", place);
  }
}
