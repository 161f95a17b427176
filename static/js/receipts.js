// Tells how far this account has received and read. Marks only move forward, so the last word is enough, however late.

const PAUSE_MS = 150; // a burst of messages is one mark

export class Receipts {
  #ask;
  #wanted = new Map(); // chat id -> { delivered, read }, not yet acknowledged
  #timer = null;
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
    return chat.moveMark(chat.me, seq, seq);
  }

  #want(chat, seq, name) {
    if (seq <= chat.mark(chat.me)[name] || !chat.isMember) return;
    const wanted = this.#wanted.get(chat.id) ?? { delivered: 0, read: 0 };
    wanted[name] = Math.max(wanted[name], seq);
    this.#wanted.set(chat.id, wanted);
    this.#plan();
  }

  #plan() {
    if (this.#isRunning && this.#wanted.size) this.#timer ??= setTimeout(() => this.#tell(), PAUSE_MS);
  }

  async #tell() {
    const marks = [...this.#wanted];
    this.#wanted.clear();
    await Promise.all(marks.map(([chat, wanted]) => this.#tellOne(chat, wanted)));
    this.#timer = null;
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
