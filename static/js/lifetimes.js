// Takes the content of messages whose time is over, by the clock of this device: when it starts, before anything is shown, and then at
// that time (docs/protocol.md, "Gone messages").

const PLAN_MAX_MS = 3600000; // a device may sleep, and its clock be set

export class Lifetimes {
  #client;
  #ends = new Map(); // chat -> when the next of its messages is gone, in ms
  #timer = null;

  constructor(client) {
    this.#client = client;
    const reviewAll = () => [...client.chats.values()].forEach((chat) => this.#review(chat));
    reviewAll();
    client.on("taken", (chat) => this.#review(chat));
    client.on("chats", reviewAll);
  }

  stop() {
    clearTimeout(this.#timer);
  }

  #review(chat) {
    const client = this.#client;
    const { next, isDifferent } = chat.expire(Date.now(), client.limits.retention_days ?? null);
    if (next < Infinity) this.#ends.set(chat, next);
    else this.#ends.delete(chat);
    this.#plan();
    if (!isDifferent) return;
    this.#dropReply(chat);
    client.emit("expired", chat);
    client.emit("chat", chat);
  }

  /** What somebody was about to answer is quoted in a draft. */
  #dropReply(chat) {
    const { drafts } = this.#client;
    const lane = this.#client.laneOf(chat);
    const draft = drafts.find(lane);
    if (draft?.reply && chat.log.at(draft.reply.seq)?.deleted) drafts.put(lane, { ...draft, reply: null });
  }

  #plan() {
    clearTimeout(this.#timer);
    if (!this.#ends.size) return;
    const wait = Math.max(0, Math.min(PLAN_MAX_MS, Math.min(...this.#ends.values()) - Date.now()));
    this.#timer = setTimeout(() => this.#end(), wait);
  }

  #end() {
    for (const [chat, end] of [...this.#ends]) if (end <= Date.now()) this.#review(chat);
    this.#plan();
  }
}
