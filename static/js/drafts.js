// What was begun and not sent: per chat a text, and the message that it replies to. Kept in this browser, and told to one's other devices.
//
//   const drafts = new Drafts(table);                     // table: store.js
//   await drafts.open();
//   drafts.follow(client);                                // level with those of other devices: draft_sync.js
//   drafts.put("chat:7", { text: "I thi", reply });       // reply: quotedOf(message), or null; marked?: who is mentioned, {text, mentions}
//   drafts.find("chat:7")                                 // or undefined
//   drafts.on("change", (place) => …)
//   drafts.on("taken", (place) => …)                      // it is what another device wrote
//   drafts.on("settle", (place) => …)                     // put what is written there and not kept yet, now; of all places without one
//
// `base` of a draft is what the server had when the two were last the same, as `keyOf` says it: what differs from it was written here.
// `asked` is what the server was asked to keep, while no answer has come: it may have it, and that is no word of another device.

import { cardNameOf } from "./card_name.js";
import { Emitter } from "./emitter.js";
import { beginningOf, isBlank } from "./words.js";

const QUOTED_MAX_CHARS = 200;

/** What stands for a message above an answer to it. */
export function quotedOf({ seq, kind, from, type, text, caption, name, vcard, file_name, duration_ms, deleted }) {
  const quoted = text === undefined ? undefined : beginningOf(text, QUOTED_MAX_CHARS);
  return { seq, kind, from, type, text: quoted, caption, name: name ?? (vcard && cardNameOf(vcard)), file_name, duration_ms, deleted };
}

/** By what drafts are compared with those of the server, {text, reply_to?}, which has none without a text. */
export const keyOf = (draft) => (!draft || isBlank(draft.text) ? "" : JSON.stringify([draft.text, draft.reply?.seq ?? draft.reply_to ?? null]));

const isSame = (one, other) => (one?.text ?? "") === (other?.text ?? "") && (one?.reply?.seq ?? null) === (other?.reply?.seq ?? null);

export class Drafts extends Emitter {
  #table;
  #rows = new Map(); // place -> { place, text, reply, marked?, base?, asked? }
  #sync = null;

  constructor(table) {
    super();
    this.#table = table;
  }

  /** Read what earlier visits left; a browser that keeps nothing has nothing to read. */
  async open() {
    const rows = await this.#table.list().catch(() => []);
    for (const row of rows) this.#rows.set(row.place, row);
  }

  /** Tell this client what is different, and be level with its server whenever it is. What that takes is loaded with the first draft. */
  follow(client) {
    this.on("change", () => client.emit("drafts"));
    const begin = () => {
      if (!client.isLevel) return;
      this.#sync ??= import("./draft_sync.js").then(({ DraftSync }) => new DraftSync(this, client));
      this.#sync.then((sync) => sync.level(), () => (this.#sync = null)); // with the next connection
    };
    const isTold = ({ settings }) => Boolean(settings.draft);
    client.on("chats", () => (this.#rows.size || [...client.chats.values()].some(isTold)) && begin());
    client.on("chat", (chat) => !this.#sync && isTold(chat) && begin());
    this.on("written", () => !this.#sync && begin());
  }

  get places() {
    return [...this.#rows.keys()];
  }

  find(place) {
    const row = this.#rows.get(place);
    return row?.text || row?.reply ? row : undefined;
  }

  baseOf(place) {
    return this.#rows.get(place)?.base ?? "";
  }

  /** Keep a draft in place of the one before; without text and reply there is none. */
  put(place, { text, reply = null, marked }) {
    const known = this.#rows.get(place);
    const row = { text, reply, ...(marked?.mentions.length ? { marked } : {}) };
    if (isSame(known, row) && JSON.stringify(known?.marked) === JSON.stringify(row.marked)) return;
    this.#keep({ ...row, place, base: known?.base, asked: known?.asked }, () => true);
    this.emit("change", place);
    this.emit("written", place);
  }

  /** What another device wrote, in place of what was here. */
  take(place, draft) {
    const known = this.#rows.get(place);
    this.#keep({ text: "", reply: null, ...draft, place, base: keyOf(draft) }, (kept) => isSame(kept, known) || isSame(kept, draft));
    this.emit("change", place);
    this.emit("taken", place);
  }

  /** What the server has now, as `keyOf` says it. */
  agree(place, base) {
    this.#note(place, { base, asked: undefined });
  }

  /** What the server is asked to keep, as `keyOf` says it; undefined once it has refused. */
  ask(place, asked) {
    this.#note(place, { asked });
  }

  wasAsked(place, key) {
    return this.#rows.get(place)?.asked === key;
  }

  #note(place, facts) {
    const known = this.#rows.get(place);
    const row = { text: "", reply: null, ...known, place, ...facts };
    if ((row.base ?? "") !== this.baseOf(place) || row.asked !== known?.asked) this.#keep(row, (kept) => isSame(kept, known));
  }

  /** `mayReplace(kept)`: whether what is on the disk may go, which another window of this browser may have written. */
  #keep({ base, asked, ...row }, mayReplace) {
    if (base) row.base = base;
    if (asked !== undefined) row.asked = asked;
    const isEmpty = !row.text && !row.reply && !base && asked === undefined;
    if (isEmpty) this.#rows.delete(row.place);
    else this.#rows.set(row.place, row);
    const merged = (kept) => (kept?.marked && isSame(kept, row) ? { marked: kept.marked, ...row } : row); // that window knows who is mentioned
    this.#table.update(row.place, (kept) => (!mayReplace(kept) ? undefined : isEmpty ? null : merged(kept))).catch(() => {});
  }
}
