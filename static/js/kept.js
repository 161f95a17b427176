// What this browser keeps of chats and people, so that the page shows them before the server has answered, and without one.
//
//   const kept = new Kept({ tables, client, sync });     // tables: kept_tables.js, or null where nothing is kept
//   await kept.open();                                   // the chats and people of the last visit are there; what changes is written
//   await kept.flush();                                  // now, and not in half a second
//   await kept.clear();                                  // the end: nothing of this account stays here
//
// Each row holds a chat as it was at one moment: its cursor, and the entries before it without a hole. So whatever moment a page ends
// at, the next one goes on from there by `sync`. Of several windows, the one that has come further in a chat is believed.
//
// Kept are all chats (5,000 at most, as many as `sync` takes cursors), and of the 200 that moved last up to 50 entries in 32,000
// characters of JSON each, and up to 10 older messages that are pinned in 8,000. A chat that one is no longer in is not kept. Of the 20 chats that moved last the ends are loaded for this,
// if nobody has looked at them.

const SHAPE = 2; // of the rows: those of another one are thrown away
const CHATS_MAX = 5000;
const CHATS_WITH_ENTRIES_MAX = 200;
const ROWS_AT_ONCE = 100; // a whole account is written without a long pause of the page
const WRITE_AFTER_MS = 500;
const READ_AHEAD = 20; // chats
export const ENTRIES_MAX = 50, ENTRIES_MAX_CHARS = 32000;

export class Kept {
  #tables;
  #client;
  #sync;
  #noted = new Map(); // chat id -> chat, or null for one that is gone
  #written = new Map(); // chat id -> what its row says but for the entries
  #peopleWritten = -1;
  #all = null; // all chats, until it is written that they are
  #timer = null;
  #writing = null;
  #withEntries = new Map(); // id of a chat whose row has entries -> its lastAt
  #known = new Map(); // chat id -> chat

  constructor({ tables, client, sync }) {
    this.#tables = tables;
    this.#client = client;
    this.#sync = sync;
  }

  async open() {
    if (!this.#tables) return;
    const { people, receipts } = this.#client;
    const { chats, facts } = await this.#tables.read(SHAPE).catch(() => this.#giveUp());
    if (facts.has("people")) people.restore(facts.get("people"));
    this.#peopleWritten = people.revision;
    for (const row of chats) {
      if (row.entries.length) this.#withEntries.set(row.id, row.lastAt);
      if (row.untold) receipts.restore(row.id, row.untold);
      this.#isNews(row.id, row);
    }
    this.#sync.restore(chats, facts.has("whole"));
    this.#listen();
  }

  #listen() {
    const isLoss = ({ kind }) => kind === "deletion" || kind === "left";
    this.#client.on("expired", (chat) => this.note(chat, true));
    this.#sync.on("entries", ({ chat, entries }) => entries.some(isLoss) && this.note(chat, true));
    this.#sync.on("hidden", (chat) => this.note(chat, true));
    this.#sync.on("gone", (id) => this.#plan(id, null, true));
    this.#client.on("chat", (chat) => this.note(chat));
    this.#client.on("people", () => this.#notePeople());
    this.#client.on("chats", () => this.#complete());
  }

  /** Level with the server: these are all chats. */
  #complete() {
    if (!this.#tables) return;
    const chats = [...this.#client.chats.values()].sort((one, other) => (one.lastAt < other.lastAt ? 1 : -1));
    this.#all = chats.slice(0, CHATS_MAX);
    for (const chat of this.#all) this.note(chat);
    this.#sync.loadEnds(chats.slice(0, READ_AHEAD)).catch(() => {}); // with the next connection
  }

  /** `isUrgent`: something was taken away, and must not be seen here again. */
  note(chat, isUrgent = false) {
    if (chat.isLoaded) this.#plan(chat.id, chat, isUrgent);
  }

  #notePeople() {
    if (this.#tables && this.#client.people.revision !== this.#peopleWritten) this.#wait();
  }

  /** Write what waits to be written; one writing at a time. */
  flush() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = null;
      if (this.#noted.size && this.#tables) this.#wait();
    });
    return this.#writing;
  }

  async clear() {
    const tables = this.#tables;
    this.#giveUp();
    await tables?.clear();
  }

  /** Keep nothing from now on. Returns what was kept: nothing. */
  #giveUp() {
    this.#tables = null;
    this.#noted.clear();
    return { chats: [], facts: new Map() };
  }

  #plan(id, chat, isUrgent) {
    if (!this.#tables) return;
    this.#noted.set(id, chat);
    if (chat) this.#known.set(id, chat);
    else this.#known.delete(id);
    if (isUrgent && !this.#writing) this.flush();
    else this.#wait();
  }

  #wait() {
    this.#timer ??= setTimeout(() => this.flush(), WRITE_AFTER_MS);
  }

  async #write() {
    const tables = this.#tables;
    try {
      while (this.#tables && (this.#noted.size || this.#client.people.revision !== this.#peopleWritten)) {
        const some = [...this.#noted].slice(0, ROWS_AT_ONCE);
        for (const [id] of some) this.#noted.delete(id);
        if (!(await this.#writeSome(some))) this.#giveUp(); // another window signed out
      }
    } catch (error) {
      console.warn("chats are not kept:", error);
      this.#giveUp();
      // What a full disk cannot keep level must not be shown; a page that ends in the middle leaves what was there before.
      if (error.name === "QuotaExceededError") await tables.clear().catch(() => {});
    }
  }

  #writeSome(some) {
    const rows = some.map(([id, chat]) => [id, chat?.isMember ? this.#rowOf(chat) : this.#forget(id)]).filter(([id, row]) => row === null || this.#isNews(id, row));
    const { revision } = this.#client.people;
    const people = revision !== this.#peopleWritten ? this.#client.people.toKeep() : null;
    const isWhole = this.#all !== null && this.#noted.size === 0;
    if (isWhole) this.#all = null;
    this.#peopleWritten = revision;
    if (!rows.length && !people && !isWhole) return true;
    return this.#tables.write((chats, facts) => {
      for (const [id, row] of rows) {
        if (row === null) chats.delete(id);
        else chats.get(id).onsuccess = ({ target }) => chats.put(merged(target.result, row));
      }
      if (people) facts.put({ name: "people", ...people });
      if (isWhole) facts.put({ name: "whole" });
    });
  }

  #rowOf(chat) {
    const row = { ...chat.toKeep({ entries: ENTRIES_MAX, chars: ENTRIES_MAX_CHARS }), untold: this.#client.receipts.untold(chat.id) };
    if (row.entries.length && this.#hasRoomFor(row)) {
      this.#withEntries.set(row.id, row.lastAt);
      return row;
    }
    this.#withEntries.delete(row.id);
    return { ...row, first: row.cursor + 1, entries: [], pinned: [], hidden: [] };
  }

  /** Whether a chat is kept with its entries: instead of the one that has not moved for longest, if it moved later. */
  #hasRoomFor({ id, lastAt }) {
    if (this.#withEntries.has(id) || this.#withEntries.size < CHATS_WITH_ENTRIES_MAX) return true;
    const [oldest, oldestAt] = [...this.#withEntries].reduce((one, other) => (other[1] < one[1] ? other : one));
    if (lastAt <= oldestAt) return false;
    this.#withEntries.delete(oldest);
    if (this.#known.has(oldest)) this.#noted.set(oldest, this.#known.get(oldest));
    return true;
  }

  #forget(id) {
    this.#withEntries.delete(id);
    this.#written.delete(id);
    return null;
  }

  /** Whether a row says anything that the last one of it did not. */
  #isNews(id, { entries, ...rest }) {
    const said = JSON.stringify([rest, entries.length, entries.filter(({ deleted }) => deleted).length]); // a message may be gone without an entry that says so
    if (this.#written.get(id) === said) return false;
    this.#written.set(id, said);
    return true;
  }
}

/** A chat's row as it was kept, perhaps by another window, and this one's: what is hidden in either stays hidden. */
export function merged(kept, row) {
  if (!kept || row.isRewound) return row;
  const last = kept.cursor > row.cursor ? kept : row;
  const marks = new Map(last.marks.map(([account, delivered, read]) => [account, [account, delivered, read]]));
  for (const [account, delivered, read] of [...kept.marks, ...row.marks]) {
    const known = marks.get(account);
    if (known) marks.set(account, [account, Math.max(known[1], delivered), Math.max(known[2], read)]);
  }
  const cleared = Math.max(kept.cleared ?? 0, row.cleared ?? 0);
  const hidden = [...new Set([...kept.hidden, ...row.hidden])];
  const shown = (entries = []) => entries.filter(({ seq }) => seq > cleared && !hidden.includes(seq));
  return { ...last, marks: [...marks.values()], hidden: hidden.filter((seq) => seq >= last.first), cleared, entries: shown(last.entries), pinned: shown(last.pinned) };
}
