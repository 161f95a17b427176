// Keeps all chats equal to the server's: live events in order, `sync` when something is missing, nothing twice.
//
//   const sync = new Sync({ ask, me });              // ask(name, body): a request on /chat
//   await sync.begin(greeting)                       // after each (re)connection, with the body of `ready`
//   sync.hear(name, body)                            // every event of /chat
//   sync.on("chat", chat)  sync.on("entries", { chat, entries })  sync.on("state", "behind" | "level")
//   sync.on("hidden", chat)  sync.on("gone", id)     // messages, and a chat, that this account is not shown any more
//   sync.on("cleared", chat)                         // all of a chat at once

import { Chat, PAGE } from "./chat.js";
import { Emitter } from "./emitter.js";

const END = 50; // entries of a chat that nobody has looked at yet
const OWN_STATE = new Set(["chat_settings_changed", "star_changed"]);
const ROUNDS_MAX = 200; // a sync that never ends would be a fault of ours or of the server

/** The log entry that an event of /chat carries, or null. */
export function entryOf(name, body) {
  if (name === "message_created") return { kind: "message", ...body.message };
  if (name === "chat_changed") return body.change ?? null;
  if (OWN_STATE.has(name)) return body.entry; // of the chat with oneself
  return body.seq === undefined ? null : body;
}

export class Sync extends Emitter {
  #ask;
  #me;
  #buffer = []; // events that came while the answer of `sync` was on its way
  #running = null;
  #isWanted = false;
  #isBegun = false; // whether everything was level once
  #knowsAll = false; // whether all chats are known by name
  #past = new Map(); // chats that were left before this page was loaded, and are not shown: id -> cursor
  chats = new Map();

  constructor({ ask, me }) {
    super();
    this.#ask = ask;
    this.#me = me;
  }

  /** Begin with rows that an earlier visit kept (`Chat.toKeep`); `isWhole`: there were no other chats. */
  restore(rows, isWhole) {
    for (const row of rows) this.#chat(row.id).restore(row);
    this.#knowsAll = isWhole;
  }

  async begin({ chats, next }) {
    this.#buffer = [];
    for (const head of chats) this.#chat(head.chat).readHead(head);
    for (let place = next; !this.#knowsAll && place; ) {
      const page = await this.#ask("chats", { limit: 200, before: place });
      for (const head of page.chats) this.#chat(head.chat).readHead(head);
      place = page.next;
    }
    this.#knowsAll = true;
    await this.catchUp();
  }

  hear(name, body) {
    if (name === "resync") this.catchUp().catch(() => {});
    else if (this.#running) this.#buffer.push([name, body]);
    else this.#apply(name, body);
  }

  /** Bring everything level; calls that come meanwhile share one more round. */
  catchUp() {
    this.#isWanted = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
      this.#drain();
    });
    return this.#running;
  }

  /** Load a page of the past that comes nearer to a seq, and mostly holds it: pages have a bound on their size, too. */
  async load(chat, seq) {
    let after = Math.floor((seq - 1) / PAGE) * PAGE;
    while (after + 1 < seq && chat.log.at(after + 1) !== undefined) after += 1;
    await this.#read(chat, after, PAGE);
  }

  /** Load one message of the past. */
  async loadOne(chat, seq) {
    if (chat.log.at(seq) === undefined) await this.#read(chat, seq - 1, 1);
  }

  /** Load the last entries of those of these chats of which none is loaded, one chat after the other. */
  async loadEnds(chats) {
    for (const chat of chats) {
      const { cursor } = chat.log;
      if (chat.isLoaded && chat.isMember && cursor > 0 && chat.log.at(cursor) === undefined) await this.#read(chat, Math.max(0, cursor - END), END);
    }
  }

  async #read(chat, after, limit) {
    chat.log.ask();
    try {
      const answer = await this.#ask("history", { chat: chat.id, after, limit });
      chat.log.take(answer, after);
      this.emit("loaded", { chat, entries: answer.entries });
    } catch (error) {
      chat.log.giveUp();
      throw error;
    }
  }

  async #run() {
    this.emit("state", "behind");
    for (let round = 0; this.#isWanted && round < ROUNDS_MAX; round++) {
      this.#isWanted = false;
      const cursors = Object.fromEntries(this.#past);
      for (const chat of this.chats.values()) if (chat.isLoaded) cursors[chat.id] = chat.log.cursor;
      const { chats, more } = await this.#ask("sync", { cursors });
      for (const state of chats) {
        if (!state.kind) {
          this.chats.delete(state.chat); // the server knows no such chat for this account
          this.emit("gone", state.chat);
          continue;
        }
        if (this.#isOfThePast(state)) continue;
        const chat = this.#chat(state.chat);
        const fresh = chat.catchUp(state);
        if (fresh.length) this.emit("entries", { chat, entries: fresh, isLive: false });
        this.emit("chat", chat);
      }
      this.#isWanted ||= more;
    }
    this.#isBegun = true;
    this.emit("state", "level");
  }

  /** The server takes a page that was just loaded for a device that was away, and tells of chats that were left lately. */
  #isOfThePast({ chat, kind, is_member, cursor }) {
    if (is_member !== false) this.#past.delete(chat);
    else if (kind && (!this.#isBegun || this.#past.has(chat)) && !this.chats.has(chat)) this.#past.set(chat, cursor);
    return this.#past.has(chat);
  }

  #drain() {
    for (const [name, body] of this.#buffer.splice(0)) this.hear(name, body);
  }

  #chat(id) {
    if (!this.chats.has(id)) this.chats.set(id, new Chat(id, this.#me));
    return this.chats.get(id);
  }

  /** Take what this person has set for a chat, from an answer or an event. */
  setSettings(id, settings) {
    const chat = this.chats.get(id);
    if (!chat) return;
    chat.settings = settings;
    this.emit("chat", chat);
  }

  #apply(name, body) {
    if (name === "chat_settings_changed") this.setSettings(body.chat, body.settings);
    const id = OWN_STATE.has(name) ? body.entry.chat : (body.chat ?? body.message?.chat);
    if (!this.chats.get(id)?.isLoaded) {
      this.catchUp().catch(() => {}); // a chat that came to be: sync tells all of it
      return;
    }
    const chat = this.chats.get(id);
    const entry = entryOf(name, body);
    if (name === "chat_changed") chat.describe(body);
    if (name === "message_deleted" && body.scope === "me") {
      chat.hide(body.of);
      this.emit("hidden", chat);
    }
    if (name === "chat_cleared") {
      chat.clear(body.up_to);
      this.emit("hidden", chat);
      this.emit("cleared", chat);
    }
    const outcome = entry === null ? "known" : chat.hear(entry);
    if (outcome === "gap") this.catchUp().catch(() => {});
    if (outcome === "applied") this.emit("entries", { chat, entries: [entry], isLive: true });
    this.emit("chat", chat);
  }
}
