// Tells how far this account has received and read. Marks only move forward, so the last word is enough, however late.
// What was read is told at once, since the reader may leave at once; a burst of more is one mark.

const PAUSE_MS = 150; // between two marks

export class Receipts {
  #ask;
  #wanted = new Map(); // chat id -> { delivered, read }, not yet told
  #asking = new Map(); // the same, on its way
  #timer = null;
  #isTelling = false;
  #isRunning = false;

  constructor({ ask }) {
    this.#ask = ask;
  }

  resume() {
    this.#isRunning = true;
    this.#plan();
  }

  pause() {
    this.#isRunning = false;
  }

  delivered(chat, seq) {
    this.#want(chat, seq, "delivered");
  }

  /** Read here: shown as read at once, told as soon as there is a line. */
  read(chat, seq) {
    this.#want(chat, seq, "read");
    if (this.#isRunning && this.#wanted.size && !this.#isTelling) this.#tell();
    return chat.moveMark(chat.me, seq, seq);
  }

  /** How far this account has read a chat without the server knowing it, or 0: what must not be lost with this page. */
  untold(id) {
    return Math.max(this.#wanted.get(id)?.read ?? 0, this.#asking.get(id)?.read ?? 0);
  }

  /** Tell what an earlier visit could not. */
  restore(id, read) {
    this.#wanted.set(id, { delivered: 0, read });
  }

  #want(chat, seq, name) {
    if (seq <= chat.mark(chat.me)[name]) return;
    const wanted = this.#wanted.get(chat.id) ?? { delivered: 0, read: 0 };
    wanted[name] = Math.max(wanted[name], seq);
    this.#wanted.set(chat.id, wanted);
    this.#plan();
  }

  #plan() {
    if (this.#isRunning && this.#wanted.size && !this.#isTelling) this.#timer ??= setTimeout(() => this.#tell(), PAUSE_MS);
  }

  async #tell() {
    this.#isTelling = true;
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#asking = this.#wanted;
    this.#wanted = new Map();
    await Promise.all([...this.#asking].map(([chat, wanted]) => this.#tellOne(chat, wanted)));
    this.#asking = new Map();
    this.#isTelling = false;
    this.#plan();
  }

  async #tellOne(chat, wanted) {
    const name = wanted.read >= wanted.delivered ? "read" : "delivered"; // what was read has arrived
    try {
      await this.#ask("/receipts", name, { chat, seq: wanted[name] });
      if (name === "delivered" && wanted.read) await this.#ask("/receipts", "read", { chat, seq: wanted.read });
    } catch (error) {
      if (error.name === "Refused" && !error.retryable) return;
      const later = this.#wanted.get(chat) ?? { delivered: 0, read: 0 };
      this.#wanted.set(chat, { delivered: Math.max(later.delivered, wanted.delivered), read: Math.max(later.read, wanted.read) });
    }
  }
}
