// One chat's log: what the server said happened, in the order of its numbers. Pure: no network, no document.
//
//   const log = new Log(lastSeq);          // everything up to `lastSeq` is in the past, and loaded when somebody looks at it
//   log.hear(entry)                        // "applied" | "known" | "gap"; a gap means: sync
//   log.take(historyAnswer, after)         // a page of the past
//   log.at(seq)                            // a message or a notice; null: nothing to show here; undefined: not loaded
//
// The server numbers a chat's entries 1, 2, 3, … without a hole, and edits, deletions, reactions and previews are entries too. So one
// number, the cursor, says what is held: an entry with cursor + 1 is next, a higher one shows that something is missing.

const CHANGES = new Set(["edit", "deletion", "reaction", "preview"]);
// A new title of an event is told once more by the subject of its chat, the very next entry.
const isSilent = (entry) => CHANGES.has(entry.kind) || (entry.kind === "event" && entry.fields.every((field) => field === "title"));
// Fields of an event that say when and where it is, and whether it takes place.
const PLAN = new Set(["event_date", "is_time_specified", "location", "address", "venue_name", "canceled", "deleted"]);
const CONTENT = ["text", "url", "hash", "mime_type", "width", "height", "blur", "duration_ms", "poster", "waveform", "file_name", "size_bytes", "caption", "latitude", "longitude", "vcard", "name", "preview"];

/** Whether an entry that is no message concerns this account, by the rule of the server (docs/protocol.md, `unread`); `owner`: of the chat's event. */
export function concerns(entry, me, owner = null) {
  if (entry.account === me) return false;
  if (entry.kind === "joined") return entry.accounts.includes(me);
  if (entry.kind === "left") return entry.left === me;
  if (entry.kind === "role") return entry.member === me;
  if (entry.kind === "rsvp" || entry.kind === "poll") return owner === me;
  return entry.kind === "event" && entry.fields.some((field) => PLAN.has(field));
}

/** A message as it is after one change. */
export function changed(message, change) {
  if (message.deleted) return message;
  if (change.kind === "edit") {
    const field = message.type === "t" ? "text" : "caption";
    return { ...message, [field]: change.text, edited_at: change.edited_at, edit_seq: change.seq, preview: undefined };
  }
  if (change.kind === "deletion") {
    const rest = { ...message, deleted: true };
    for (const name of [...CONTENT, "reactions", "edited_at", "edit_seq"]) delete rest[name];
    return rest;
  }
  if (change.kind === "preview") { // of the text that the edit `edit_seq` gave the message
    const isWanted = change.preview && !message.preview && (message.edit_seq ?? 0) === change.edit_seq;
    return isWanted ? { ...message, preview: change.preview } : message;
  }
  const reactions = { ...message.reactions };
  if (change.emoji) reactions[change.account] = change.emoji;
  else delete reactions[change.account];
  return { ...message, reactions };
}

export class Log {
  #rows = new Map(); // seq -> entry to show, or null
  #hidden = new Set(); // deleted for oneself alone
  #asking = 0; // pages that are on their way
  #heardMeanwhile = []; // changes since the first of these was asked for

  constructor(cursor = 0) {
    this.cursor = cursor;
  }

  at(seq) {
    return this.#hidden.has(seq) ? null : this.#rows.get(seq);
  }

  /** A live entry: applied when it is the next one. */
  hear(entry) {
    if (entry.seq <= this.cursor) return "known";
    if (entry.seq > this.cursor + 1) return "gap";
    this.#add(entry);
    this.cursor = entry.seq;
    return "applied";
  }

  /** This account's part of a `sync` answer, for one chat. Returns the entries that are new here. */
  catchUp({ status, entries, cursor, hidden = [] }) {
    for (const seq of hidden) this.#hidden.add(seq);
    if (status === "current") return [];
    if (status === "reset") {
      this.#rows.clear();
      const first = entries[0]?.seq ?? cursor + 1;
      for (const entry of entries) this.#add(entry);
      this.#fill(first, cursor);
      this.cursor = cursor;
      return entries;
    }
    const fresh = entries.filter((entry) => entry.seq > this.cursor);
    for (const entry of fresh) this.#add(entry);
    this.#fill(this.cursor + 1, cursor); // what this account may not see leaves no hole
    this.cursor = Math.max(this.cursor, cursor);
    return fresh;
  }

  hide(seq) {
    this.#hidden.add(seq);
  }

  /** The last entries, oldest first, as long as none is missing and `fits(entry)` says so; they begin behind `first` - 1. */
  end(fits, longest) {
    const entries = [];
    const hidden = [];
    let first = this.cursor + 1;
    for (let seq = this.cursor; seq > Math.max(0, this.cursor - longest); seq--) {
      const entry = this.at(seq);
      if (entry === undefined || (entry && !fits(entry))) break;
      if (entry) entries.unshift(entry);
      if (this.#hidden.has(seq)) hidden.unshift(seq);
      first = seq;
    }
    return { first, entries, hidden };
  }

  /** Begin with what `end` gave at this cursor. */
  restore({ cursor, first, entries, hidden }) {
    this.cursor = cursor;
    for (const entry of entries) this.#rows.set(entry.seq, entry);
    for (const seq of hidden) this.#hidden.add(seq);
    this.#fill(first, cursor);
  }

  isHidden(seq) {
    return this.#hidden.has(seq);
  }

  /** The newest message that is loaded without a hole behind it, or null. */
  lastMessage() {
    for (let seq = this.cursor; seq > 0; seq--) {
      const entry = this.at(seq);
      if (entry === undefined) return null;
      if (entry?.kind === "message") return entry;
    }
    return null;
  }

  /** Say that a page is being asked for; `take` or `giveUp` ends that. */
  ask() {
    this.#asking += 1;
  }

  giveUp() {
    this.#asking -= 1;
    if (this.#asking === 0) this.#heardMeanwhile = [];
  }

  /** The answer of `history` with this `after`. Changes that were heard since it was read are laid over it. */
  take({ entries, next, last_seq: lastSeq }, after) {
    const end = next ?? lastSeq;
    for (const entry of entries) {
      if (entry.seq <= this.cursor) this.#rows.set(entry.seq, isSilent(entry) ? null : entry);
    }
    this.#fill(after + 1, Math.min(end, this.cursor));
    for (const change of this.#heardMeanwhile) if (change.seq > lastSeq) this.#apply(change);
    this.giveUp();
  }

  /** The loaded message of an account with this client id, or undefined. */
  find(clientId, sender) {
    return [...this.#rows.values()].find((entry) => entry?.client_id === clientId && entry.sender === sender);
  }

  /** The nearest entry to show before a seq, or undefined where the log is not loaded. */
  before(seq) {
    for (let place = seq - 1; place > 0; place--) {
      const entry = this.at(place);
      if (entry !== null) return entry;
    }
    return null;
  }

  /** How many entries after `seq` fulfil `isCounted`; undefined when some are not loaded. */
  countAfter(seq, isCounted) {
    let count = 0;
    for (let place = seq + 1; place <= this.cursor; place++) {
      const entry = this.at(place);
      if (entry === undefined) return undefined;
      if (entry && isCounted(entry)) count += 1;
    }
    return count;
  }

  #add(entry) {
    if (CHANGES.has(entry.kind)) {
      this.#rows.set(entry.seq, null);
      if (this.#asking > 0) this.#heardMeanwhile.push(entry);
      this.#apply(entry);
    } else {
      this.#rows.set(entry.seq, isSilent(entry) ? null : entry);
    }
  }

  #apply(change) {
    const message = this.#rows.get(change.of);
    if (message) this.#rows.set(change.of, changed(message, change));
  }

  #fill(first, last) {
    for (let seq = first; seq <= last; seq++) if (!this.#rows.has(seq)) this.#rows.set(seq, null);
  }
}
