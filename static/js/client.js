// A whole client without a screen: connection, chats, outbox, people. What the views of this page stand on, and others may too.
//
//   const client = new Client({ url: "wss://host/socket.io/", session });     // session: session.js
//   await client.open();
//   client.on("chat", (chat) => …);                       // something in this chat is different
//   await client.send(client.chats.get(7), "Hello");      // kept when it resolves, sent as soon as there is a line
//
// `state` is honest: "offline", "connecting", "syncing" (connected, and not yet level with the server) or "online".

import { ChatListing, isNamedByNumber } from "./chat_listing.js";
import { Connection } from "./connection.js";
import { Drafts } from "./drafts.js";
import { Emitter } from "./emitter.js";
import { Events } from "./events.js";
import { Kept } from "./kept.js";
import { Lifetimes } from "./lifetimes.js";
import { FILE, newClientId, Outbox } from "./outbox.js";
import { People } from "./people.js";
import { Receipts } from "./receipts.js";
import { Rest } from "./rest.js";
import { forgetStore, openStore } from "./store.js";
import { Sync } from "./sync.js";
import { Typing } from "./typing.js";

const HEARD_WITHIN_MS = 3000; // a stored message that was not announced by then was missed

export class Client extends Emitter {
  #connection;
  #sync;
  #store;
  #listing = new ChatListing(this);
  #asked = new Set(); // client_ids of settings that were set here
  state = "connecting";
  farewell = null; // what to say at the door once this account is gone
  isLevel = false; // whether all chats were known once
  limits = {}; // what the server takes, by the names of its settings; none before the first connection

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
    this.events.on("change", (id) => this.people.meetGuests(this.events.find(id)));
  }

  async open() {
    this.#store = await openStore(`parley-${this.session.id}`);
    this.isKept = this.#store.isKept;
    this.drafts = new Drafts(this.#store.drafts);
    await this.drafts.open();
    this.drafts.follow(this);
    this.kept = new Kept({ tables: this.#store.kept, client: this, sync: this.#sync });
    await this.kept.open();
    this.lifetimes = new Lifetimes(this);
    this.outbox = new Outbox({ table: this.#store.outbox, ask: (event, body) => this.ask("/chat", event, body), loadUploads: async () => new (await import("./uploads.js")).Uploads({ rest: this.rest }), mend: (item, error) => this.#mended(item, error) });
    this.outbox.on("change", () => this.emit("outbox"));
    this.outbox.on("progress", (clientId) => this.emit("progress", clientId));
    this.outbox.on("late", () => this.emit("late"));
    this.outbox.on("stored", (stored) => this.#stored(stored));
    await this.outbox.open();
    this.#connection.start();
  }

  close() {
    this.#connection.stop();
    this.lifetimes?.stop();
    this.#store?.close();
  }

  /** What this browser keeps of an account that is gone. */
  forget() {
    forgetStore(`parley-${this.session.id}`);
  }

  retry() {
    this.#connection.retry();
  }

  get nextTryAt() {
    return this.#connection.nextTryAt;
  }

  /** Chats for a list: the newest first, by what was written in them or waits to be sent. */
  listed() {
    return this.#listing.all();
  }

  /** The place of a chat with a number, which may be one's own, before there is a chat. */
  placeOf(number) {
    return { kind: number === this.session.number ? "self" : "direct", contact: number };
  }

  findDirect(number) {
    return [...this.chats.values()].find((chat) => isNamedByNumber(chat) && chat.contact === number);
  }

  findEvent(event) {
    return [...this.chats.values()].find((chat) => chat.event === event);
  }

  findGroup(group) {
    return [...this.chats.values()].find((chat) => chat.group === group);
  }

  /** Where a chat's items wait: a direct chat is named by its number, which it has before it exists. */
  laneOf(place) {
    return isNamedByNumber(place) ? `contact:${place.contact}` : `chat:${place.id}`;
  }

  /** A text to a chat, or to somebody without one yet ({kind: "direct", contact}), with mentions of members ({number, offset, length}, docs/protocol.md). */
  send(place, text, replyTo = null, mentions = []) {
    return this.sendContent(place, { type: "t", text, ...(mentions.length ? { mentions } : {}) }, replyTo);
  }

  /** A message without a file: a text, a place {type: "l", latitude, longitude, caption?}, a card {type: "c", vcard, name}. */
  sendContent(place, content, replyTo = null) {
    return this.#write(place, { ...this.#target(place), ...content }, replyTo, { event: "message_send" });
  }

  /**
   * A file: a Blob, and {type, file_name, mime_type, caption?, mentions?} with what is known of it for whoever sees it wait (width, height, duration_ms,
   * waveform). Rejects, with nothing kept, where this browser has no room for it.
   */
  sendFile(place, file, facts, replyTo = null) {
    const target = place.kind === "group" ? { chat: place.id, group: place.group } : this.#target(place);
    return this.#write(place, { ...target, size_bytes: file.size, ...facts }, replyTo, { event: FILE, file });
  }

  #write(place, body, replyTo, item) {
    // This device's clock may be behind the server's: what is written now is later than all that is known.
    const madeAt = [new Date().toISOString(), ...[...this.chats.values()].map((chat) => chat.lastAt)].sort().at(-1);
    return this.outbox.add({ lane: this.laneOf(place), body: replyTo ? { ...body, reply_to: replyTo } : body, madeAt, ...item });
  }

  /** Another text, or caption, for a message that waits; false once it may have been sent. */
  async changeWaiting(clientId, text, mentions = []) {
    const item = this.outbox.items.get(clientId);
    return item !== undefined && this.outbox.change(clientId, { ...item.body, [item.body.type === "t" ? "text" : "caption"]: text || undefined, mentions: mentions.length ? mentions : undefined });
  }

  /** The last change of a message that waits and can still be taken back, or undefined. */
  unsentChange(chat, seq) {
    return this.outbox.in(this.laneOf(chat)).findLast((item) => item.isUnsent && item.body.seq === seq);
  }

  edit(chat, seq, text, mentions) {
    return this.#change(chat, "message_edit", { seq, text, ...(mentions?.length ? { mentions } : {}) });
  }

  remove(chat, seq, scope) {
    return this.#change(chat, "message_delete", { seq, scope });
  }

  react(chat, seq, emoji) {
    return this.#change(chat, "reaction_set", { seq, emoji });
  }

  /** Vote in a poll; no options take a vote back. */
  vote(chat, seq, options) {
    return this.#change(chat, "vote", { seq, options });
  }

  /** What this person sets for a chat, on all devices: fields as in docs/protocol.md, "Own state". Rejects where it is refused, and without a line. */
  async setSettings(chat, fields) {
    const id = newClientId();
    this.#asked.add(id);
    const { settings, entry } = await this.ask("/chat", "chat_settings_set", { chat: chat.id, ...fields, client_id: id });
    if ((this.chats.get(entry.chat)?.log.cursor ?? 0) < entry.seq) this.#sync.setSettings(chat.id, settings); // else a later event may have been heard
  }

  load(chat, seq) {
    return this.#sync.load(chat, seq);
  }

  loadOne(chat, seq) {
    return this.#sync.loadOne(chat, seq);
  }

  #target(place) {
    return isNamedByNumber(place) ? { contact: place.contact } : { chat: place.id };
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
    this.limits = greeting.limits ?? {};
    if (greeting.account.name !== greeting.account.number) this.session.name = greeting.account.name;
    try {
      await this.#sync.begin(greeting);
    } catch (error) {
      this.#connection.restart(error.reason ?? error.message); // not level with the server is not connected: begin anew
      return;
    }
    this.isLevel = true;
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
      await this.people.explore();
      this.people.isExplored = true;
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
      if (chat.kind === "direct") this.people.learnName(chat.contact, chat.name);
      this.emit("chat", chat);
    });
    this.#sync.on("entries", ({ chat, entries, isLive }) => {
      if (isLive && entries.some((entry) => entry.kind !== "preview" && (entry.sender ?? entry.account) === this.me && !this.outbox.items.has(entry.client_id) && !this.#asked.delete(entry.client_id))) this.emit("elsewhere");
      this.#take(chat, entries);
      for (const entry of entries) if (entry.kind === "message") this.typing.over(chat.id, entry.sender);
      this.#learnFrom(chat);
      if (chat.event && !isLive) this.events.hearEntries(chat.event, entries);
      if (isLive) this.emit("heard", { chat, entries });
      if (isLive || this.isLevel) this.emit("news", { chat, entries }); // also what was missed while the line was broken
    });
    this.#sync.on("loaded", ({ chat, entries }) => {
      this.#take(chat, entries);
      this.emit("chat", chat);
    });
    this.#sync.on("cleared", (chat) => this.emit("cleared", chat));
  }

  /** What the log shows need not wait in the outbox, also when the answer to it was lost. */
  #take(chat, entries) {
    for (const entry of entries) {
      this.people.meet(chat, entry);
      if (entry.client_id && (entry.sender ?? entry.account) === this.me) this.outbox.settle(entry.client_id);
    }
    this.emit("taken", chat);
  }

  #learnFrom(chat) {
    for (const entry of [chat.last, chat.notice]) if (entry) this.people.meet(chat, entry);
    if (chat.kind === "direct") this.people.learnName(chat.contact, chat.name);
    if (chat.last?.sender !== this.me || chat.unread) this.receipts.delivered(chat, chat.log.cursor);
  }

  #hearReceipt({ chat: id, account, delivered, read }) {
    const chat = this.chats.get(id);
    if (chat && account === this.me && read > chat.mark(account).read) this.emit("elsewhere"); // what is read here is marked at once
    if (chat?.moveMark(account, delivered, read)) this.emit("chat", chat);
  }

  #stored({ item, answer }) {
    if (item.event === "message_delete" && item.body.scope === "me") {
      this.chats.get(item.body.chat)?.hide(item.body.seq);
      this.outbox.settle(item.client_id);
      return;
    }
    const entry = answer.entry ?? answer.message;
    const isHeard = () => (this.chats.get(entry.chat)?.log.cursor ?? 0) >= entry.seq;
    if (isHeard()) this.outbox.settle(item.client_id);
    else setTimeout(() => !isHeard() && this.state === "online" && this.#sync.catchUp().catch(() => {}), HEARD_WITHIN_MS);
  }

  /** A message in which somebody is mentioned who has left meanwhile goes without that mention. */
  async #mended({ body }, { code }) {
    if (code !== "participant_not_found" || !body.mentions) return null;
    return (await import("./mention_marks.js")).withoutAbsent(body, [...(this.chats.get(body.chat)?.marks.keys() ?? [])].map((account) => this.people.numberOf(account)));
  }

  #show(state) {
    this.state = state;
    this.emit("state", state);
  }
}
