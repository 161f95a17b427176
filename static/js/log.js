// One chat's log: what the server said happened, in the order of its numbers. Pure: no network, no document.
//
//   const log = new Log(lastSeq);          // everything up to `lastSeq` is in the past, and loaded when somebody looks at it
//   log.hear(entry)                        // "applied" | "known" | "gap"; a gap means: sync
//   log.take(historyAnswer, after)         // a page of the past
//   log.at(seq)                            // a message or a notice; null: nothing to show here; undefined: not loaded
//
// The server numbers a chat's entries 1, 2, 3, … without a hole, and edits, deletions, reactions, previews and votes are entries too. So one
// number, the cursor, says what is held: an entry with cursor + 1 is next, a higher one shows that something is missing.

const CHANGES = new Set(["edit", "deletion", "reaction", "preview", "pin", "vote"]);
const OWN_STATE = new Set(["settings", "star"]); // in the chat with oneself: what they say stands elsewhere
// A message that is pinned is told in a line of its own; that it is so no longer, nobody needs to read.
const isTold = (entry) => entry.kind === "pin" && entry.pinned;
// A new title of an event is told once more by the subject of its chat, the very next entry.
const isSilent = (entry) => (CHANGES.has(entry.kind) && !isTold(entry)) || OWN_STATE.has(entry.kind) || (entry.kind === "event" && entry.fields.every((field) => field === "title"));
// Fields of an event that say when and where it is, and whether it takes place.
const PLAN = new Set(["event_date", "is_time_specified", "location", "address", "venue_name", "canceled", "deleted"]);
const CONTENT = ["text", "url", "hash", "mime_type", "width", "height", "blur", "duration_ms", "poster", "waveform", "file_name", "size_bytes", "caption", "latitude", "longitude", "vcard", "name", "preview", "question", "options", "voter_count", "multiple", "closes_at", "secret", "chosen", "mentions", "forwarded", "pinned"];

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
    return { ...message, [field]: change.text, mentions: change.mentions, edited_at: change.edited_at, edit_seq: change.seq, preview: undefined };
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
  if (change.kind === "pin") return { ...message, pinned: change.pinned ? { at: change.at, by: change.account } : undefined };
  if (change.kind === "vote") return message.options ? voted(message, change) : message;
  const reactions = { ...message.reactions };
  if (change.emoji) reactions[change.account] = change.emoji;
  else delete reactions[change.account];
  return { ...message, reactions };
}

/** A poll after one vote. Of a secret poll the server says the numbers, and who chose what to nobody but oneself. */
function voted(message, { account, options: chosen, votes, voter_count: voters }) {
  if (message.secret) {
    const counted = votes ? { options: message.options.map((option, place) => ({ ...option, votes: votes[place] })), voter_count: voters } : {};
    return { ...message, ...counted, ...(chosen ? { chosen } : {}) };
  }
  if (!chosen) return message; // of a poll that this account may not see
  const options = message.options.map((option, place) => {
    const others = (option.voters ?? []).filter((voter) => voter !== account);
    const all = chosen.includes(place) ? [...others, account] : others;
    return { ...option, voters: all, votes: all.length };
  });
  return { ...message, options, voter_count: new Set(options.flatMap((option) => option.voters)).size };
}

/** When a message is gone, in ms; Infinity where it stays. `days`: for how long the server keeps messages, if not for ever. */
export function endOf({ kind, deleted, expires_at: at, sent_at: sentAt }, days = null) {
  if (kind !== "message" || deleted) return Infinity;
  return Math.min(at ? Date.parse(at) : Infinity, days ? Date.parse(sentAt) + days * 86400000 : Infinity);
}

export class Log {
  #rows = new Map(); // seq -> entry to show, or null
  #hidden = new Set(); // deleted for oneself alone
  #cleared = 0; // and everything up to here
  #mayEnd = false; // whether any message was seen that is gone at some time
  #asking = 0; // pages that are on their way
  #heardMeanwhile = []; // changes since the first of these was asked for

  constructor(cursor = 0) {
    this.cursor = cursor;
  }

  at(seq) {
    return this.isHidden(seq) ? null : this.#rows.get(seq);
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
  catchUp({ status, entries, cursor, hidden = [], cleared = 0 }) {
    for (const seq of hidden) this.#hidden.add(seq);
    this.clear(cleared);
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

  /** Everything up to a number is deleted for oneself alone. */
  clear(upTo) {
    this.#cleared = Math.max(this.#cleared, upTo);
    for (const seq of this.#rows.keys()) if (seq <= this.#cleared) this.#rows.set(seq, null);
  }

  /** Take the content of messages whose time is over. Returns when the next one is gone, in ms, and whether one was now. */
  expire(now, days) {
    let [next, isDifferent] = [Infinity, false];
    if (!this.#mayEnd && !days) return { next, isDifferent };
    for (const [seq, entry] of this.#rows) {
      const end = entry ? endOf(entry, days) : Infinity;
      if (end > now) {
        next = Math.min(next, end);
      } else {
        this.#rows.set(seq, changed(entry, { kind: "deletion" }));
        isDifferent = true;
      }
    }
    return { next, isDifferent };
  }

  /** Forget what is loaded: it is read anew when somebody looks at it. */
  unload() {
    this.#rows.clear();
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
    return { first, entries, hidden, cleared: this.#cleared };
  }

  /** Begin with what `end` gave at this cursor, and older messages that are pinned. */
  restore({ cursor, first, entries, pinned = [], hidden, cleared = 0 }) {
    this.cursor = cursor;
    this.#cleared = cleared;
    for (const entry of [...pinned, ...entries]) this.#set(entry);
    for (const seq of hidden) this.#hidden.add(seq);
    this.#fill(first, cursor);
  }

  isHidden(seq) {
    return seq <= this.#cleared || this.#hidden.has(seq);
  }

  /** The newest message that is loaded without a hole behind it, or null. */
  lastMessage() {
    for (let seq = this.cursor; seq > this.#cleared; seq--) {
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
    this.takeSingle(entries, lastSeq);
    this.#fill(after + 1, Math.min(next ?? lastSeq, this.cursor));
    this.giveUp();
  }

  /** Entries from here and there, as they were asked for; `lastSeq`: up to which entry all changes are in them. */
  takeSingle(entries, lastSeq = 0) {
    for (const entry of entries) if (entry.seq <= this.cursor) this.#set(entry);
    for (const change of this.#heardMeanwhile) if (change.seq > lastSeq) this.#apply(change);
  }

  /** The loaded message of an account with this client id, or undefined. */
  find(clientId, sender) {
    return [...this.#rows.values()].find((entry) => entry?.client_id === clientId && entry.sender === sender);
  }

  /** The nearest entry to show before a seq, or undefined where the log is not loaded. */
  before(seq) {
    for (let place = seq - 1; place > this.#cleared; place--) {
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
    this.#set(entry);
    if (!CHANGES.has(entry.kind)) return;
    if (this.#asking > 0) this.#heardMeanwhile.push(entry);
    this.#apply(entry);
  }

  #set(entry) {
    this.#rows.set(entry.seq, isSilent(entry) ? null : entry);
    this.#mayEnd ||= entry.expires_at !== undefined;
  }

  #apply(change) {
    const message = this.#rows.get(change.of);
    if (message) this.#rows.set(change.of, changed(message, change));
  }

  #fill(first, last) {
    for (let seq = first; seq <= last; seq++) if (!this.#rows.has(seq)) this.#rows.set(seq, null);
  }
}
