// A conversation: its header, its messages with what still waits, and the place to write.

import { changed } from "../log.js";
import { openMessageMenu, confirmRemoval } from "./message_menu.js";
import { Composer } from "./composer.js";
import { EventCard } from "./event_card.js";
import { nameIn } from "./event_texts.js";
import { attempt, avatar, el, icon, iconButton, show } from "./dom.js";
import { brokenRow, messageRow, noticeOf, noticeRow } from "./message_row.js";
import { MessageList } from "./message_list.js";
import { summaryOf } from "./texts.js";
import { dayKey, lastSeenOf } from "./times.js";

const RUN_MS = 5 * 60000; // messages of one person within this stand together
const ANNOUNCED = new Set(["message", "joined", "rsvp", "poll", "event"]);
const CHANGES = { message_edit: "edit", message_delete: "deletion", reaction_set: "reaction" };

export class Conversation {
  #client;
  #offs = [];
  #chat = null; // null until a first message makes it
  #waiting = [];
  #overlays = new Map(); // seq -> changes that wait
  #unreadFrom = null; // the place of the line above what was unread when this was opened
  #asked = null; // the page that is on its way
  #isPositioned = false;

  /** `place` is a Chat, or {kind: "direct", contact} before there is one. */
  constructor(client, place, navigate) {
    this.#client = client;
    this.place = place;
    this.title = el("h1.title", { dir: "auto", tabindex: "-1" });
    this.subtitle = el("p.subtitle");
    this.face = el("span");
    this.news = el("div.unseen", { role: "log", "aria-live": "polite", "aria-label": "New messages" });
    this.messages = new MessageList(this.#source(), { label: "Messages", onmoved: () => this.#moved() });
    this.unreadButton = el("button.pill", { type: "button", hidden: true, onclick: () => this.#toUnread() }, icon("up"), el("span", {}, "Unread"));
    this.endButton = el("button.to-end", { type: "button", hidden: true, onclick: () => this.messages.toEnd() }, icon("down"), el("span.badge"));
    this.composer = new Composer(client, client.laneOf(place), {
      send: (text, replyTo) => this.#send(text, replyTo),
      edit: (message, text) => client.edit(this.#chat, message.seq, text),
      editLast: () => this.#editLast(),
      typed: () => this.#chat && client.typing.pressed(this.#chat.id),
      fail: (error) => client.emit("problem", `This browser cannot keep the message: ${error.message}`),
    });
    this.loading = el("p.loading", { hidden: true }, "Older messages come with the connection…");
    this.closed = el("p.closed", { hidden: true }, place.event ? "You are no longer invited." : "You are no longer in this group.");
    this.card = place.event ? new EventCard(client, place, navigate) : null;
    this.node = el(place.event ? "section.conversation.has-card" : "section.conversation", { "aria-label": "Conversation" },
      el("header.bar", {}, iconButton("back", "Back to the chats", () => navigate("#/"), { class: "icon-button back" }), this.face,
        el("div.bar-text", {}, this.title, this.subtitle),
        place.kind === "group" ? iconButton("info", "About this group", () => navigate(`#/group/${place.id}`)) : null),
      this.card?.node, el("div.stage", {}, this.messages.node, this.loading, this.unreadButton, this.endButton), this.news, this.closed, this.composer.node);
    this.#listen();
  }

  /** The node is in the document: show the end, or what is unread. */
  opened() {
    this.#adopt();
    this.#refresh();
    if (this.place.group && this.place.isMember) this.#client.people.loadGroupPhoto(this.place.group).catch(() => {}); // initials do as well
    if (matchMedia("(pointer: fine)").matches) this.composer.focus();
    else this.title.focus();
  }

  stop() {
    for (const off of this.#offs) off();
    document.removeEventListener("visibilitychange", this.#moved);
    removeEventListener("focus", this.#moved);
    this.card?.stop();
    this.composer.stop();
    this.messages.stop();
    this.#client.typing.stopped();
  }

  #listen() {
    const client = this.#client;
    const { place } = this;
    const isThis = (chat) => chat === this.#chat || chat.id === this.#chat?.id;
    this.#offs = [
      client.on("chat", (chat) => (isThis(chat) || !this.#chat) && this.#refresh()),
      client.on("chats", () => this.#refresh()),
      client.on("people", () => this.#refresh()),
      client.events.on("change", (id) => id === place.event && this.#refresh()),
      client.on("outbox", () => this.#refresh()),
      client.on("heard", ({ chat, entries }) => isThis(chat) && this.#announce(entries)),
    ];
    document.addEventListener("visibilitychange", this.#moved);
    addEventListener("focus", this.#moved);
  }

  /** Take the chat as soon as it exists. */
  #adopt() {
    if (this.#chat) return;
    const chat = this.place.id ? this.#client.chats.get(this.place.id) : this.#client.findDirect(this.place.contact);
    if (!chat?.isLoaded) return;
    this.#chat = chat;
    if (chat.unread > 0) this.#unreadFrom = chat.mark(chat.me).read; // row n shows entry n + 1
    this.unreadCount = chat.unread;
  }

  #refresh() {
    this.#adopt();
    this.#adoptOutbox();
    this.#showHeader();
    const isClosed = this.#chat !== null && !this.#chat.isMember;
    this.closed.hidden = !isClosed;
    this.composer.node.hidden = isClosed;
    if (this.#chat && !this.#isPositioned && this.node.isConnected) {
      this.#isPositioned = true;
      if (this.#unreadFrom !== null) return this.messages.toPlace(this.#unreadFrom, 96);
    }
    this.messages.update();
  }

  #adoptOutbox() {
    const items = this.#client.outbox.in(this.#client.laneOf(this.#chat ?? this.place));
    this.#waiting = items.filter((item) => item.event === "message_send").map((item) => ({ kind: "message", outgoing: item, client_id: item.client_id, type: "t", ...item.body, from: this.#client.session.number, sender: this.#client.me, sent_at: item.made_at }));
    this.#overlays = new Map();
    for (const item of items) {
      const kind = CHANGES[item.event];
      if (!kind || item.failed || item.body.scope === "me") continue;
      const change = { ...item.body, kind, of: item.body.seq, account: this.#client.me, edited_at: item.made_at };
      this.#overlays.set(change.of, [...(this.#overlays.get(change.of) ?? []), change]);
    }
    const refused = items.find((item) => item.failed && item.event !== "message_send");
    if (refused) {
      this.#client.outbox.settle(refused.client_id);
      this.#client.emit("problem", refused.failed.message);
    }
  }

  #showHeader() {
    const { people, typing } = this.#client;
    const chat = this.#chat ?? this.place;
    const title = people.titleOf(chat);
    show(this.title, title);
    const photo = people.photoOf(chat);
    if (this.face.dataset.of !== title + photo) this.face.replaceChildren(avatar(title, photo));
    this.face.dataset.of = title + photo;
    const writers = this.#chat ? typing.in(this.#chat.id) : [];
    this.subtitle.classList.toggle("is-typing", writers.length > 0);
    if (writers.length) show(this.subtitle, chat.kind === "direct" ? "is typing…" : `${writers.map((one) => this.#nameOf(people.numberOf(one))).join(", ")} typing…`);
    else if (chat.kind === "direct") show(this.subtitle, presenceOf(people.presence.get(chat.contact), people, chat.contact));
    else show(this.subtitle, chat.marks.size > 1 ? `${chat.marks.size} members` : chat.event ? "Event" : "Group");
  }

  /** What names and notices depend on: in an event's chat, the event. */
  get #where() {
    return { kind: this.place.kind, event: this.place.event && this.#client.events.find(this.place.event) };
  }

  #nameOf(number) {
    return nameIn(this.#where.event, number, this.#client.people);
  }

  #source() {
    const conversation = this;
    return {
      get length() {
        return (conversation.#chat?.log.cursor ?? 0) + conversation.#waiting.length;
      },
      at: (place) => this.#at(place),
      keyOf: (item) => (item.sender === this.#client.me && item.client_id ? `c:${item.client_id}` : `s:${item.seq}`),
      versionOf: (item, place) => JSON.stringify(this.#shown(item, place)),
      draw: (item, place) => this.#draw(item, place),
      drawBroken: brokenRow,
      need: (first, last) => this.#need(first, last),
      guess: (item) => (item.kind === "message" ? 46 + 20 * Math.floor((item.text?.length ?? 0) / 60) : 36),
    };
  }

  #at(place) {
    const cursor = this.#chat?.log.cursor ?? 0;
    if (place >= cursor) return this.#waiting[place - cursor];
    const entry = this.#chat.log.at(place + 1);
    const overlays = entry && this.#overlays.get(entry.seq);
    return overlays ? overlays.reduce(changed, entry) : entry;
  }

  #shown(item, place) {
    const { people, me } = this.#client;
    const before = this.#before(place);
    const time = (entry) => entry.sent_at ?? entry.at;
    const isNewDay = before === null || (before !== undefined && dayKey(time(before)) !== dayKey(time(item)));
    const isUnread = this.#unreadFrom !== null && place >= this.#unreadFrom && !this.#isShownBetween(this.#unreadFrom, place);
    const shown = { message: item, day: isNewDay ? time(item) : null, unread: isUnread && item.sender !== me ? this.unreadCount : null };
    if (item.kind !== "message") return { ...shown, text: noticeOf(item, people, this.#where) };
    const isMine = item.sender === me;
    const isRun = !isNewDay && !shown.unread && before?.kind === "message" && before.sender === item.sender && new Date(item.sent_at) - new Date(before.sent_at) < RUN_MS;
    const { outgoing, ...message } = item;
    return {
      ...shown, message, isMine, isFirst: !isRun,
      state: isMine ? this.#stateOf(item) : null,
      isAway: Boolean(outgoing),
      problem: outgoing?.failed ?? null,
      sender: this.#chat?.kind !== "direct" && !isMine && !isRun ? this.#nameOf(item.from) : null,
      quoted: item.reply_to ? this.#quoted(item.reply_to) : null,
      who: this.#nameOf(item.from),
    };
  }

  #stateOf(item) {
    if (item.outgoing) return item.outgoing.failed ? "failed" : item.outgoing.stored ? "stored" : "waiting";
    return this.#overlays.has(item.seq) ? "waiting" : this.#chat.progress(item.seq);
  }

  #before(place) {
    const cursor = this.#chat?.log.cursor ?? 0;
    if (place > cursor) return this.#waiting[place - cursor - 1];
    return this.#chat ? this.#chat.log.before(place + 1) : null;
  }

  #isShownBetween(first, place) {
    for (let other = first; other < place; other++) if (this.#at(other)) return true;
    return false;
  }

  #quoted(seq) {
    const entry = this.#chat?.log.at(seq);
    return entry && { kind: entry.kind, from: entry.from, text: entry.text, type: entry.type, deleted: entry.deleted, caption: entry.caption };
  }

  #draw(item, place) {
    const shown = this.#shown(item, place);
    if (item.kind !== "message") return noticeRow(shown, shown.text);
    return messageRow(shown, this.#client.people, {
      openMenu: (message) => openMessageMenu(this.#client, this.#chat, message, this),
      reply: (message) => this.composer.reply(message),
      edit: (message) => message.sender === this.#client.me && !message.deleted && this.composer.edit(message),
      remove: (message) => confirmRemoval(this.#client, this.#chat, message),
      jumpTo: (seq) => this.jumpTo(seq),
      react: (message, emoji) => this.#client.react(this.#chat, message.seq, emoji),
      retry: (message) => this.#client.outbox.retry(message.client_id),
      discard: (message) => this.#client.outbox.settle(message.client_id),
    });
  }

  jumpTo(seq) {
    this.messages.toPlace(seq - 1);
    this.messages.focus(seq - 1);
  }

  /** Load what is looked at and missing: one page at a time, the newest wish first. */
  async #need(first, last) {
    if (!this.#chat || this.#asked !== null || this.#client.state !== "online") return;
    const { log } = this.#chat;
    let seq = Math.min(last + 1, log.cursor);
    while (seq >= Math.max(1, first) && log.at(seq) !== undefined) seq -= 1;
    if (seq < Math.max(1, first)) return;
    this.#asked = seq;
    try {
      await this.#client.load(this.#chat, seq);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 500)); // the connection says what is wrong
    }
    this.#asked = null;
    this.messages.update();
  }

  /** The reader is somewhere else, or came back: what is in view is read. */
  #moved = () => {
    const { messages } = this;
    this.loading.hidden = messages.hasRows || !this.#chat?.log.cursor;
    this.endButton.hidden = messages.isAtEnd;
    this.unreadButton.hidden = this.#unreadFrom === null || messages.firstInView <= this.#unreadFrom || (this.#chat?.unread ?? 0) === 0;
    if (!this.#chat) return;
    if (document.visibilityState === "visible" && document.hasFocus()) {
      const seq = Math.min(messages.lastInView + 1, this.#chat.log.cursor);
      const upTo = messages.isAtEnd ? this.#chat.log.cursor : seq;
      if (upTo > 0 && this.#client.receipts.read(this.#chat, upTo)) this.#client.emit("chat", this.#chat);
    }
    const { unread } = this.#chat;
    show(this.endButton.lastChild, unread ? String(unread) : "");
    this.endButton.setAttribute("aria-label", unread ? `To the end, ${unread} unread` : "To the end");
  };

  #toUnread() {
    this.messages.toPlace(this.#unreadFrom, 96);
  }

  async #send(text, replyTo) {
    this.#client.typing.stopped({ isSent: true });
    await this.#client.send(this.#chat ?? this.place, text, replyTo);
    this.#unreadFrom = null;
    this.messages.toEnd();
  }

  #editLast() {
    const { me } = this.#client;
    for (let seq = this.#chat?.log.cursor ?? 0; seq > 0; seq--) {
      const entry = this.#chat.log.at(seq);
      if (entry === undefined) return;
      if (entry?.kind === "message" && entry.sender === me && !entry.deleted && entry.type === "t") return this.composer.edit(entry);
    }
  }

  #announce(entries) {
    const { people, me } = this.#client;
    for (const entry of entries) {
      if (entry.sender === me || !ANNOUNCED.has(entry.kind)) continue;
      const text = attempt(() => this.#newsOf(entry, people), () => "A new message");
      this.news.append(el("p", { dir: "auto" }, text));
      if (this.news.childElementCount > 5) this.news.firstChild.remove();
    }
  }

  #newsOf(entry, people) {
    if (entry.kind === "message") return `${this.#nameOf(entry.from)}: ${summaryOf(entry)}`;
    return noticeOf(entry, people, { ...this.#where, isNews: true });
  }
}

function presenceOf(shown, people, number) {
  if (shown?.status === "online") return "online";
  if (shown?.status === "offline" && shown.lastSeen) return lastSeenOf(shown.lastSeen);
  return people.contacts.has(number) && people.nameOf(number) !== `+${number}` ? `+${number}` : "";
}
