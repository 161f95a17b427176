// One chat: its log, who has received and read how much of it, and what a chat list shows of it.

import { changed, Log } from "./log.js";

export const PAGE = 100; // entries asked for at once

export class Chat {
  constructor(id, me) {
    this.id = id;
    this.me = me;
    this.log = new Log();
    this.marks = new Map(); // account -> { delivered, read }, forward only
    this.kind = "direct";
    this.title = "";
    this.unread = 0;
    this.last = null;
    this.lastAt = "";
    this.isMember = true;
    this.isLoaded = false; // whether `log` was given its cursor
  }

  /** What any description of a chat says: {chat, kind, title?, contact?, group?, event?}; no title: one set after this person left. */
  describe({ kind, title = this.title, contact, group, event }) {
    if (kind) Object.assign(this, { kind, title, contact, group, event });
  }

  /** A chat in `ready` or `chats`. A chat that is new here starts at its end: the past is loaded when somebody looks. */
  readHead(head) {
    this.describe(head);
    this.moveMark(this.me, head.delivered, head.read);
    if (!this.isLoaded) {
      this.log.cursor = head.last_seq;
      this.isLoaded = true;
      this.unread = head.unread;
    }
    if (head.last && (!this.last || head.last.seq >= this.last.seq)) this.last = head.last;
    if (head.last_at > this.lastAt) this.lastAt = head.last_at;
  }

  /** This chat's part of a `sync` answer; returns the entries that are new here. */
  catchUp(state) {
    this.describe(state);
    const fresh = this.log.catchUp(state);
    this.isLoaded = true;
    for (const entry of fresh) this.#note(entry);
    for (const account of this.marks.keys()) if (account !== this.me && !state.marks.some((mark) => mark.account === account)) this.marks.delete(account);
    for (const { account, delivered, read } of state.marks) this.moveMark(account, delivered, read);
    if (state.unread !== undefined) this.unread = state.unread;
    this.#recount(); // what was read here and not told yet
    if (state.is_member !== undefined) this.isMember = state.is_member;
    return fresh;
  }

  /** A live entry: "applied", "known" or "gap". */
  hear(entry) {
    const outcome = this.log.hear(entry);
    if (outcome !== "applied") return outcome;
    this.#note(entry);
    if (entry.kind === "message" && entry.sender !== this.me) this.unread += 1;
    if (entry.kind === "deletion") this.#recount();
    if (entry.kind === "left") this.#leave(entry.left);
    if (entry.kind === "joined") for (const account of entry.accounts) this.#join(account, entry.seq);
    if (entry.kind === "subject") this.title = entry.subject;
    return outcome;
  }

  /** Nobody waits for somebody to read what was written before they came, or after they went. */
  #join(account, seq) {
    if (account === this.me) this.isMember = true;
    this.moveMark(account, seq - 1, seq - 1);
  }

  #leave(account) {
    if (account === this.me) this.isMember = false;
    else this.marks.delete(account);
  }

  mark(account) {
    return this.marks.get(account) ?? { delivered: 0, read: 0 };
  }

  /** Marks only move forward; returns whether this one did. */
  moveMark(account, delivered, read) {
    const known = this.mark(account);
    const next = { delivered: Math.max(known.delivered, delivered, read), read: Math.max(known.read, read) };
    if (this.marks.has(account) && next.delivered === known.delivered && next.read === known.read) return false;
    this.marks.set(account, next);
    if (account === this.me && next.read > known.read) this.#recount();
    return true;
  }

  /** How far a message of one's own has come: "stored", "delivered" or "read", by everybody. */
  progress(seq) {
    let lowest = "read";
    let others = 0;
    for (const [account, { delivered, read }] of this.marks) {
      if (account === this.me) continue;
      others += 1;
      if (delivered < seq) return "stored";
      if (read < seq) lowest = "delivered";
    }
    return others === 0 ? "stored" : lowest;
  }

  #note(entry) {
    if (entry.kind === "message") {
      if (!this.last || entry.seq >= this.last.seq) this.last = entry;
      this.lastAt = entry.sent_at;
    } else if (this.last && entry.of === this.last.seq) {
      this.last = changed(this.last, entry);
    } else if (entry.kind !== "edit" && entry.kind !== "deletion" && entry.kind !== "reaction") {
      this.lastAt = entry.at;
    }
  }

  #recount() {
    const { read } = this.mark(this.me);
    this.unread = read >= this.log.cursor ? 0 : (this.log.countAfter(read, this.me) ?? this.unread);
  }
}
