// A whole client without a screen: connection, chats, outbox, people. What the views of this page stand on, and others may too.
//
//   const client = new Client({ url: "wss://host/socket.io/", session });     // session: session.js
//   await client.open();
//   client.on("chat", (chat) => …);                       // something in this chat is different
//   await client.send(client.chats.get(7), "Hello");      // kept when it resolves, sent as soon as there is a line
//
// `state` is honest: "offline", "connecting", "syncing" (connected, and not yet level with the server) or "online".

import { Connection } from "./connection.js";
import { Emitter } from "./emitter.js";
import { Events } from "./events.js";
import { Outbox } from "./outbox.js";
import { People } from "./people.js";
import { Receipts } from "./receipts.js";
import { Rest } from "./rest.js";
import { openStore } from "./store.js";
import { Sync } from "./sync.js";
import { Typing } from "./typing.js";

const HEARD_WITHIN_MS = 3000; // a stored message that was not announced by then was missed

export class Client extends Emitter {
  #connection;
  #sync;
  #store;
  state = "connecting";

  constructor({ url, session }) {
    super();
    this.session = session;
    this.me = session.id;
    this.rest = new Rest(session.token);
    this.#connection = new Connection({ url, token: session.token });
    const ask = (namespace, name, body) => this.#connection.ask(namespace, name, body);
    this.ask = ask;
    this.#sync = new Sync({ ask: (name, body) => ask("/chat", name, body), me: session.id });
    this.chats = this.#sync.chats;
    this.people = new People({ rest: this.rest, ask, me: session });
    this.events = new Events({ rest: this.rest, me: session.id });
    this.receipts = new Receipts({ ask });
    this.typing = new Typing({ ask });
    this.#hearConnection();
    this.#hearSync();
    this.typing.on("change", (chat) => this.chats.has(chat) && this.emit("chat", this.chats.get(chat)));
    this.people.on("change", () => this.emit("people"));
  }

  async open() {
    this.#store = await openStore(`parley-${this.session.id}`);
    this.isKept = this.#store.isKept;
    this.drafts = this.#store.drafts;
    this.outbox = new Outbox({ table: this.#store.outbox, ask: (event, body) => this.ask("/chat", event, body) });
    this.outbox.on("change", () => this.emit("outbox"));
    this.outbox.on("stored", (stored) => this.#stored(stored));
    await this.outbox.open();
    this.#connection.start();
  }

  close() {
    this.#connection.stop();
    this.#store?.close();
  }

  retry() {
    this.#connection.retry();
  }

  get nextTryAt() {
    return this.#connection.nextTryAt;
  }

  /** Chats for a list: the newest first. */
  listed() {
    const listed = [...this.chats.values()].filter((chat) => chat.isLoaded);
    return listed.sort((one, other) => (one.lastAt < other.lastAt ? 1 : one.lastAt > other.lastAt ? -1 : other.id - one.id));
  }

  findDirect(number) {
    return [...this.chats.values()].find((chat) => chat.kind === "direct" && chat.contact === number);
  }

  findEvent(event) {
    return [...this.chats.values()].find((chat) => chat.event === event);
  }

  findGroup(group) {
    return [...this.chats.values()].find((chat) => chat.group === group);
  }

  /** Where a chat's items wait: a direct chat is named by its number, which it has before it exists. */
  laneOf(place) {
    return place.kind === "direct" ? `contact:${place.contact}` : `chat:${place.id}`;
  }

  /** A text to a chat, or to somebody without one yet ({kind: "direct", contact}). */
  send(place, text, replyTo = null) {
    const body = { ...this.#target(place), type: "t", text, ...(replyTo ? { reply_to: replyTo } : {}) };
    return this.outbox.add({ lane: this.laneOf(place), event: "message_send", body });
  }

  edit(chat, seq, text) {
    return this.#change(chat, "message_edit", { seq, text });
  }

  remove(chat, seq, scope) {
    return this.#change(chat, "message_delete", { seq, scope });
  }

  react(chat, seq, emoji) {
    return this.#change(chat, "reaction_set", { seq, emoji });
  }

  load(chat, seq) {
    return this.#sync.load(chat, seq);
  }

  #target(place) {
    return place.kind === "direct" ? { contact: place.contact } : { chat: place.id };
  }

  #change(chat, event, body) {
    return this.outbox.add({ lane: this.laneOf(chat), event, body: { chat: chat.id, ...body } });
  }

  #hearConnection() {
    this.#connection.on("state", (state) => {
      if (state === "joined") return this.#show("syncing");
      this.outbox.pause();
      this.receipts.pause();
      this.people.forgetPresence();
      this.typing.forget();
      this.#show(state);
    });
    this.#connection.on("ready", (greeting) => this.#begin(greeting));
    this.#connection.on("refused", (error) => this.emit("refused", error));
    this.#connection.on("event", ({ namespace, name, body }) => {
      if (namespace === "/chat") this.#sync.hear(name, body);
      else if (name === "typing") this.typing.hear(body);
      else if (name === "presence") this.people.hearPresence(body);
      else if (name === "receipt") this.#hearReceipt(body);
      else if (namespace === "/events") this.events.hear(name, body);
    });
  }

  async #begin(greeting) {
    if (greeting.account.name !== greeting.account.number) this.session.name = greeting.account.name;
    try {
      await this.#sync.begin(greeting);
    } catch (error) {
      this.#connection.restart(error.message); // not level with the server is not connected: begin anew
      return;
    }
    this.outbox.resume();
    this.receipts.resume();
    for (const chat of this.chats.values()) this.#learnFrom(chat);
    this.emit("chats");
    await this.#loadPeople();
  }

  /** Names and presence; chats work without them, and the next connection asks again. */
  async #loadPeople() {
    try {
      await this.people.load();
      if (this.people.isExplored) return;
      this.people.isExplored = true;
      await this.people.explore();
    } catch (error) {
      if (this.state === "online") this.emit("problem", error.message);
    }
  }

  #hearSync() {
    this.#sync.on("state", (state) => {
      if (this.#connection.state === "joined") this.#show(state === "level" ? "online" : "syncing");
    });
    this.#sync.on("chat", (chat) => {
      for (const { client_id: id, stored } of this.outbox.in(this.laneOf(chat))) {
        if (stored?.seq <= chat.log.cursor) this.outbox.settle(id);
      }
      this.emit("chat", chat);
    });
    this.#sync.on("entries", ({ chat, entries, isLive }) => {
      this.#take(entries);
      for (const entry of entries) if (entry.kind === "message") this.typing.over(chat.id, entry.sender);
      this.#learnFrom(chat);
      if (chat.event && !isLive) this.events.hearEntries(chat.event, entries);
      if (isLive) this.emit("heard", { chat, entries });
    });
    this.#sync.on("loaded", ({ chat, entries }) => {
      this.#take(entries);
      this.emit("chat", chat);
    });
  }

  /** What the log shows need not wait in the outbox, also when the answer to it was lost. */
  #take(entries) {
    for (const entry of entries) {
      this.people.learn(entry);
      if (entry.client_id && (entry.sender ?? entry.account) === this.me) this.outbox.settle(entry.client_id);
    }
  }

  #learnFrom(chat) {
    if (chat.last) this.people.learn(chat.last);
    if (chat.last?.sender !== this.me || chat.unread) this.receipts.delivered(chat, chat.log.cursor);
  }

  #hearReceipt({ chat: id, account, delivered, read }) {
    const chat = this.chats.get(id);
    if (chat?.moveMark(account, delivered, read)) this.emit("chat", chat);
  }

  #stored({ item, answer }) {
    if (item.event === "message_delete" && item.body.scope === "me") {
      this.chats.get(item.body.chat)?.log.hide(item.body.seq);
      this.outbox.settle(item.client_id);
      return;
    }
    const entry = answer.entry ?? answer.message;
    const isHeard = () => (this.chats.get(entry.chat)?.log.cursor ?? 0) >= entry.seq;
    if (isHeard()) this.outbox.settle(item.client_id);
    else setTimeout(() => !isHeard() && this.state === "online" && this.#sync.catchUp().catch(() => {}), HEARD_WITHIN_MS);
  }

  #show(state) {
    this.state = state;
    this.emit("state", state);
  }
}
