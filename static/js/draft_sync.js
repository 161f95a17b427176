// Drafts on every device of a person: they are settings of chats (docs/protocol.md, "Own state"), told to the server and taken from it.
//
// What was written here since the two were the same is told, after a pause in writing and when the chat is left. What another device
// wrote is taken where nothing was. Where both wrote, the one that is told last stands. What cannot be told now is told with the next line.

import { keyOf, quotedOf } from "./drafts.js";

const PAUSE_MS = 2000; // without a key, before it is told
const QUIET_MS = 4000; // without a key, before what another device wrote takes the place of it
const APART_MS = 250; // from one request to the next
const AGAIN_MS = 5000;

export class DraftSync {
  #drafts;
  #client;
  #times;
  #timers = new Map(); // lane -> timer of what will be told
  #waiting = new Map(); // lane -> timer of what will be taken
  #writtenAt = new Map(); // lane -> when something was written here, in ms
  #refused = new Map(); // lane -> key of a draft that the server does not take
  #queue = new Set(); // lanes
  #isTelling = false;

  constructor(drafts, client, times = {}) {
    this.#drafts = drafts;
    this.#client = client;
    this.#times = { pause: PAUSE_MS, quiet: QUIET_MS, apart: APART_MS, again: AGAIN_MS, ...times };
    drafts.on("written", (lane) => {
      this.#writtenAt.set(lane, performance.now());
      clearTimeout(this.#waiting.get(lane));
      this.#plan(lane, drafts.find(lane) ? this.#times.pause : 0);
    });
    drafts.on("left", (lane) => this.#timers.has(lane) && this.#plan(lane, 0));
    client.on("chat", (chat) => this.#compare(chat));
    globalThis.document?.addEventListener("visibilitychange", () => document.hidden && this.#hurry());
  }

  /** This device is level with the server: all drafts are looked at. */
  level() {
    for (const chat of this.#client.chats.values()) this.#compare(chat);
    for (const lane of this.#drafts.places) if (this.#isNew(lane) && !this.#timers.has(lane)) this.#plan(lane, this.#times.pause);
  }

  /** Whether something was written here that the server does not have. */
  #isNew(lane) {
    return keyOf(this.#drafts.find(lane)) !== this.#drafts.baseOf(lane);
  }

  #compare(chat) {
    const lane = this.#client.laneOf(chat);
    const there = keyOf(chat.settings.draft);
    if (there === this.#drafts.baseOf(lane)) return;
    this.#drafts.emit("settle", lane);
    if (this.#drafts.wasAsked(lane, there)) this.#drafts.agree(lane, there); // the answer was lost, or is on its way
    if (keyOf(this.#drafts.find(lane)) === there) return this.#drafts.agree(lane, there);
    if (this.#isNew(lane)) return this.#timers.has(lane) || this.#plan(lane, this.#times.pause);
    this.#take(chat, lane);
  }

  async #take(chat, lane) {
    clearTimeout(this.#waiting.get(lane));
    this.#waiting.delete(lane);
    const wait = (this.#writtenAt.get(lane) ?? -Infinity) + this.#times.quiet - performance.now();
    if (wait > 0 && this.#drafts.find(lane)) {
      this.#waiting.set(lane, setTimeout(() => this.#compare(chat), wait));
      return;
    }
    const { draft } = chat.settings;
    if (!draft?.reply_to || chat.log.at(draft.reply_to) !== undefined) return this.#drafts.take(lane, draft && localOf(draft, chat));
    await this.#client.loadOne(chat, draft.reply_to).catch(() => {}); // without it, only that it is an answer is known
    this.#drafts.emit("settle", lane);
    if (keyOf(chat.settings.draft) === keyOf(draft) && !this.#isNew(lane)) this.#drafts.take(lane, localOf(draft, chat));
  }

  /** Tell a draft after a time; a time that was set before is over. */
  #plan(lane, ms) {
    clearTimeout(this.#timers.get(lane));
    this.#timers.delete(lane);
    if (ms > 0) return void this.#timers.set(lane, setTimeout(() => this.#plan(lane, 0), ms));
    this.#queue.add(lane);
    this.#work();
  }

  /** The page may not come back: what would wait is told now. */
  #hurry() {
    this.#drafts.emit("settle");
    for (const lane of [...this.#timers.keys()]) this.#plan(lane, 0);
  }

  async #work() {
    if (this.#isTelling) return;
    this.#isTelling = true;
    for (const lane of this.#queue) {
      this.#queue.delete(lane);
      if (await this.#tell(lane)) await new Promise((done) => setTimeout(done, this.#times.apart));
    }
    this.#isTelling = false;
  }

  /** Returns whether the server was asked. */
  async #tell(lane) {
    const chat = [...this.#client.chats.values()].find((one) => this.#client.laneOf(one) === lane);
    const draft = this.#drafts.find(lane);
    const here = keyOf(draft);
    if (!chat?.isLoaded || this.#client.state !== "online" || this.#refused.get(lane) === here) return false;
    if (!this.#isNew(lane)) {
      this.#compare(chat); // what another device wrote may have waited for the key that came to nothing
      return false;
    }
    try {
      this.#drafts.ask(lane, here);
      await this.#client.setSettings(chat, { draft: here ? { text: draft.text, ...(draft.reply ? { reply_to: draft.reply.seq } : {}) } : null });
      this.#drafts.agree(lane, here);
      this.#compare(chat); // another device may have been later
    } catch (error) {
      if (error.name === "Refused" && this.#drafts.wasAsked(lane, here)) this.#drafts.ask(lane, undefined);
      if (error.name === "Refused" && error.retryable) this.#plan(lane, error.retryAfterMs ?? this.#times.again);
      else if (error.name === "Refused") this.#refused.set(lane, here);
    }
    return true;
  }
}

/** A draft of the server as it is kept here. */
function localOf({ text, reply_to: seq }, chat) {
  const entry = seq && chat.log.at(seq);
  return { text, reply: seq ? quotedOf(entry || { seq }) : null };
}
