// One chat: its log, who has received and read how much of it, and what a chat list shows of it.

import { changed, concerns, endOf, Log } from "./log.js";
import { beginningOf } from "./words.js";

export const PAGE = 100; // entries asked for at once
const DESCRIBED = ["kind", "title", "contact", "name", "group", "event", "owner", "photo", "expiresAfter", "pinners"];
const KEPT_SEQS_MAX = 1000; // a log may end with any number of entries of which nothing is shown
const PINS_KEPT = 10, PINS_KEPT_CHARS = 8000; // of older messages that are pinned, beside the end of the log
const LAST_MAX_CHARS = 300; // of the text of a message that stands in a list
const sizes = new WeakMap(); // entry -> characters of its JSON

export class Chat {
  constructor(id, me) {
    this.id = id;
    this.me = me;
    this.log = new Log();
    this.marks = new Map(); // account -> { delivered, read }, forward only
    this.kind = "direct";
    this.title = "";
    this.photo = null; // of a group: the address of a small picture
    this.unread = 0;
    this.mentioned = 0; // how many of what is unread mentions this person
    this.settings = {}; // what this person has set for it, as the server says it (docs/protocol.md, "Own state")
    this.hiddenCount = null; // how many messages this person deleted for themselves, as far as that is known
    this.expiresAfter = null; // seconds after which what is sent from now on is gone
    this.last = null;
    this.notice = null; // the newest entry that concerns this person and is no message
    this.pins = null; // the numbers of the messages that are pinned, the last pinned one first, as far as that is known: pins.js
    this.lastAt = "";
    this.day = undefined; // of an event, where that is known: event_days.js
    this.isMember = true;
    this.isLoaded = false; // whether `log` was given its cursor
    this.isRewound = false; // whether the server's log turned out to be shorter than this one: it was set back to a copy
  }

  /** What any description of a chat says: {chat, kind, title?, contact?, name?, group?, event?, owner?, preview_photo_url?, expires_after_s?, pinners?}; no title or photo: one set after this person left. */
  describe({ kind, title = this.title, contact, name, group, event, owner, preview_photo_url: photo = this.photo, expires_after_s: expiresAfter = this.expiresAfter, pinners = this.pinners, settings = this.settings }) {
    if (kind) Object.assign(this, { kind, title, contact: contact ?? this.contact, name, group, event, owner, photo, expiresAfter, pinners, settings });
  }

  /** Whether it is the chat of this person with themselves, where nothing is ever unread. */
  get isOwn() {
    return this.kind === "self";
  }

  /** Whether this person wants to hear nothing of it at a time (ms). */
  isMutedAt(now) {
    const { muted_until: until } = this.settings;
    return until === "always" || (Boolean(until) && Date.parse(until) > now);
  }

  /** The same, muted or not: then it is not counted where all chats are. */
  isQuietAt(now) {
    return this.settings.notify === "none" || this.isMutedAt(now);
  }

  /** Whether it lies in the archive: a new message brings it back, unless it is muted. */
  isArchivedAt(now) {
    const { archived, archived_seq: seq } = this.settings;
    return Boolean(archived) && (this.isMutedAt(now) || (this.last?.seq ?? 0) <= seq);
  }

  /** What a list says of this chat: its last message, or what concerns this person and is unread, or all that there is. */
  get preview() {
    const { last, notice } = this;
    if (!notice || (last && (last.seq > notice.seq || notice.seq <= this.mark(this.me).read))) return last;
    return notice;
  }

  /** A chat in `ready` or `chats`. A chat that is new here starts at its end: the past is loaded when somebody looks. */
  readHead(head) {
    this.describe(head);
    this.moveMark(this.me, head.delivered, head.read);
    if (!this.isLoaded) {
      this.log.cursor = head.last_seq;
      this.isLoaded = true;
      this.unread = head.unread;
      this.mentioned = head.mentioned ?? 0;
    }
    const isGone = this.last?.deleted && head.last?.seq === this.last.seq; // by the clock of this device, which may be ahead
    if (head.last && !isGone && (!this.last || head.last.seq >= this.last.seq)) this.last = head.last;
    if (head.notice && head.notice.seq >= (this.notice?.seq ?? 0)) this.notice = head.notice;
    if (head.last_at > this.lastAt) this.lastAt = head.last_at;
  }

  /** This chat's part of a `sync` answer; returns the entries that are new here. */
  catchUp(state) {
    this.describe(state);
    this.isRewound ||= state.status === "reset" && state.cursor < this.log.cursor;
    const fresh = this.log.catchUp(state);
    const isMoreHidden = this.#isMoreHidden(state);
    if (isMoreHidden) this.log.unload();
    if (isMoreHidden || state.status === "reset") this.pins = null;
    this.isLoaded = true;
    for (const entry of fresh) this.#note(entry);
    this.#dropHidden();
    for (const account of this.marks.keys()) if (account !== this.me && !state.marks.some((mark) => mark.account === account)) this.marks.delete(account);
    for (const { account, delivered, read } of state.marks) this.moveMark(account, delivered, read);
    if (state.unread !== undefined) this.unread = state.unread;
    if (state.mentioned !== undefined) this.mentioned = state.mentioned;
    this.#recount(); // what was read here and not told yet
    if (state.is_member !== undefined) this.isMember = state.is_member;
    return fresh;
  }

  /** A live entry: "applied", "known" or "gap". */
  hear(entry) {
    const outcome = this.log.hear(entry);
    if (outcome !== "applied") return outcome;
    this.#note(entry);
    if (this.#isCounted(entry)) this.unread += 1;
    if (this.#mentionsMe(entry)) this.mentioned += 1;
    if (entry.kind === "deletion" || entry.kind === "edit") this.#recount();
    if (entry.kind === "left") this.#leave(entry.left);
    if (entry.kind === "joined") for (const account of entry.accounts) this.#join(account, entry.seq);
    if (entry.kind === "subject") this.title = entry.subject;
    if (entry.kind === "expiry") this.expiresAfter = entry.expires_after_s;
    if (entry.kind === "pinners") this.pinners = entry.pinners;
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

  /** What is kept of this chat on the disk, with the newest entries of its log up to `entries` many, and as many `chars` of JSON. */
  toKeep({ entries, chars }) {
    let [most, room] = [entries, chars];
    const fits = (entry) => {
      if (!sizes.has(entry)) sizes.set(entry, JSON.stringify(entry).length);
      room -= sizes.get(entry);
      return most-- > 0 && room >= 0;
    };
    const { id, unread, mentioned, settings, hiddenCount, lastAt, day, pins, isRewound } = this;
    const end = this.log.end(fits, KEPT_SEQS_MAX);
    [most, room] = [PINS_KEPT, PINS_KEPT_CHARS];
    return {
      id, unread, mentioned, settings, hiddenCount, lastAt, ...(day ? { day } : {}), ...(isRewound ? { isRewound } : {}), cursor: this.log.cursor, ...end,
      ...(pins ? { pins, pinned: pins.map((seq) => seq < end.first && this.log.at(seq)).filter((entry) => entry && fits(entry)) } : {}),
      ...Object.fromEntries(DESCRIBED.map((name) => [name, this[name]])),
      last: this.last && inBrief(this.last, this.me), notice: this.notice && inBrief(this.notice, this.me),
      marks: [...this.marks].map(([account, { delivered, read }]) => [account, delivered, read]),
    };
  }

  /** Begin with what was kept. */
  restore({ marks, ...kept }) {
    for (const name of [...DESCRIBED, "unread", "mentioned", "settings", "hiddenCount", "lastAt", "day", "last", "notice", "pins"]) this[name] = kept[name] ?? this[name];
    this.log.restore(kept);
    for (const [account, delivered, read] of marks) this.marks.set(account, { delivered, read });
    this.last = (this.last && this.log.at(this.last.seq)) ?? this.last;
    this.isLoaded = true;
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

  /** What an entry says of which messages are pinned. */
  notePin({ kind, of, pinned }) {
    if (this.pins && (kind === "pin" || kind === "deletion")) this.pins = [...(pinned ? [of] : []), ...this.pins.filter((seq) => seq !== of)];
  }

  #note(entry) {
    this.notePin(entry);
    if (entry.kind === "message") {
      if (!this.last || entry.seq >= this.last.seq) this.last = entry;
      this.lastAt = entry.sent_at;
      return;
    }
    if (this.last && entry.of === this.last.seq) this.last = changed(this.last, entry);
    const isComing = entry.kind === "joined" && entry.accounts.includes(this.me);
    if (isComing || !this.lastAt) this.lastAt = entry.at;
    if (isComing) this.pins = null; // what was pinned meanwhile is not in this log
    if ((isComing || concerns(entry, this.me, this.owner)) && entry.seq >= (this.notice?.seq ?? 0)) this.notice = entry;
  }

  #isCounted(entry) {
    return entry.kind === "message" ? entry.sender !== this.me && !entry.deleted : concerns(entry, this.me, this.owner);
  }

  #mentionsMe(entry) {
    return entry.kind === "message" && this.#isCounted(entry) && Boolean(entry.mentions?.some(({ account }) => account === this.me));
  }

  /** A message that this person deleted for themselves. */
  hide(seq) {
    if (this.hiddenCount !== null && !this.log.isHidden(seq)) this.hiddenCount += 1;
    this.log.hide(seq);
    this.#dropHidden();
    this.#recount();
  }

  /** Everything up to a number, which this person deleted for themselves. */
  clear(upTo) {
    this.log.clear(upTo);
    this.#dropHidden();
    if (this.notice && this.log.isHidden(this.notice.seq)) this.notice = null;
    this.#recount();
  }

  /** Whether more was deleted for oneself on other devices than the list of the server tells. */
  #isMoreHidden({ hidden_count: count = null, hidden = [] }) {
    const known = this.hiddenCount;
    this.hiddenCount = count;
    return known !== null && count !== null && count - known > hidden.length;
  }

  /** Messages whose time is over lose what they held. Returns when the next one is gone, in ms, and whether one was now. `days`: as in `endOf`. */
  expire(now, days = null) {
    let { next, isDifferent } = this.log.expire(now, days);
    const end = this.last ? endOf(this.last, days) : Infinity;
    if (end <= now) {
      this.last = changed(this.last, { kind: "deletion" });
      isDifferent = true;
    }
    if (isDifferent) this.#recount();
    return { next: Math.min(next, end > now ? end : Infinity), isDifferent };
  }

  /** A message that is hidden is no longer the last one, here or after the next start. */
  #dropHidden() {
    this.pins &&= this.pins.filter((seq) => !this.log.isHidden(seq));
    if (this.last && this.log.isHidden(this.last.seq)) this.last = this.log.lastMessage();
  }

  #recount() {
    const { read } = this.mark(this.me);
    const count = (isCounted, known) => (read >= this.log.cursor ? 0 : (this.log.countAfter(read, isCounted) ?? known));
    this.unread = count((entry) => this.#isCounted(entry), this.unread);
    this.mentioned = count((entry) => this.#mentionsMe(entry), this.mentioned);
  }
}

/** An entry as a list needs it: the beginning of its text, and of many who came only this account. */
function inBrief(entry, me) {
  const { vcard, preview, ...brief } = entry;
  if (brief.text !== undefined) brief.text = beginningOf(brief.text, LAST_MAX_CHARS);
  return namingOnly(me, brief);
}

/** Who came, told to one of them in a line: a large group has thousands. */
export function namingOnly(me, entry) {
  const place = entry.kind === "joined" ? entry.accounts.indexOf(me) : -1;
  return place < 0 ? entry : { ...entry, accounts: [me], numbers: [entry.numbers[place]], admins: entry.admins.filter((account) => account === me) };
}
