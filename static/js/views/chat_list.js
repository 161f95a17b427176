// The chats, the newest first: who, what was last said, when, what is unread, who is there and who is writing.

import { beginningOf } from "../words.js";
import { attempt, avatar, el, iconButton, perFrame } from "./dom.js";
import { noticeOf, tick } from "./message_row.js";
import { summaryOf } from "./texts.js";
import { briefly } from "./times.js";

const SHOWN_AT_FIRST = 60;

export class ChatList {
  #client;
  #offs = [];
  #rows = new Map(); // chat id -> { node, version }
  #selected = "";
  #query = "";
  #shown = SHOWN_AT_FIRST;

  constructor(client) {
    this.#client = client;
    this.list = el("ul.chats", { role: "list" });
    this.empty = el("p.empty", { hidden: true });
    this.search = el("input.search", { type: "search", placeholder: "Search chats", "aria-label": "Search chats", oninput: (event) => {
      this.#query = event.target.value.trim().toLowerCase();
      this.draw();
    } });
    this.more = el("button.link.more-chats", { type: "button", hidden: true, onclick: () => {
      this.#shown += SHOWN_AT_FIRST;
      this.draw();
    } }, "Show older chats");
    this.node = el("nav.side", { "aria-label": "Chats" },
      el("header.bar", {}, el("h1.brand", { tabindex: "-1" }, "Parley"),
        iconButton("pen", "New chat", () => (location.hash = "#/contacts")),
        iconButton("calendar", "New event", () => (location.hash = "#/new-event")),
        iconButton("people", "New group", () => (location.hash = "#/new-group")),
        iconButton("gear", "Settings", () => (location.hash = "#/settings"))),
      this.search, el("div.chats-scroller", {}, this.list, this.empty, this.more));
    this.draw = perFrame(() => this.#draw());
  }

  start() {
    for (const name of ["chat", "chats", "people", "outbox", "state"]) this.#offs.push(this.#client.on(name, () => this.draw()));
    this.minute = setInterval(() => this.draw(), 60000);
    this.draw();
  }

  stop() {
    clearInterval(this.minute);
    for (const off of this.#offs) off();
  }

  focus() {
    (this.list.querySelector("a") ?? this.search).focus();
  }

  select(hash) {
    this.#selected = hash;
    this.draw();
  }

  #draw() {
    const { people } = this.#client;
    const all = this.#client.listed();
    const found = all.filter((chat) => !this.#query || people.titleOf(chat).toLowerCase().includes(this.#query) || chat.contact?.includes(this.#query));
    const shown = found.slice(0, this.#shown);
    const kept = new Set();
    let before = null;
    for (const chat of shown) {
      kept.add(chat.id);
      const facts = this.#facts(chat);
      const version = JSON.stringify(facts);
      let row = this.#rows.get(chat.id);
      if (!row || row.version !== version) {
        const node = this.#row(facts);
        if (row) {
          const hadFocus = row.node.contains(document.activeElement);
          row.node.replaceWith(node);
          if (hadFocus) node.firstChild.focus();
        }
        row = { node, version };
        this.#rows.set(chat.id, row);
      }
      const next = before ? before.nextSibling : this.list.firstChild;
      if (next !== row.node) this.list.insertBefore(row.node, next);
      before = row.node;
    }
    for (const [id, { node }] of this.#rows) {
      if (kept.has(id)) continue;
      node.remove();
      this.#rows.delete(id);
    }
    this.more.hidden = found.length <= this.#shown;
    this.empty.hidden = shown.length > 0;
    this.empty.textContent = this.#query ? "No chat has this name." : this.#client.state === "online" ? "No chats yet. Start one from your contacts: the pen above." : "";
    const unread = all.reduce((sum, chat) => sum + chat.unread, 0);
    document.title = unread ? `(${unread}) Parley` : "Parley";
  }

  #facts(chat) {
    const { people, typing, outbox, me } = this.#client;
    const writers = typing.in(chat.id);
    const waiting = outbox.in(this.#client.laneOf(chat)).filter((item) => item.event === "message_send").at(-1);
    const { last } = chat;
    let text = "";
    if (writers.length) text = chat.kind === "direct" ? "typing…" : `${people.nameOfAccount(writers[0])} is typing…`;
    else if (waiting) text = waiting.body.text;
    else if (last) text = attempt(() => this.#lineOf(chat, last), () => "…");
    return {
      href: `#/chat/${chat.id}`, title: people.titleOf(chat), text: beginningOf(String(text ?? ""), 200), isTyping: writers.length > 0,
      time: briefly(waiting?.made_at ?? chat.lastAt), unread: chat.unread,
      isOnline: chat.kind === "direct" && people.presence.get(chat.contact)?.status === "online",
      photo: people.photoOf(chat),
      isMine: Boolean(waiting) || (last?.sender === me && !writers.length), progress: waiting ? (waiting.failed ? "failed" : "waiting") : last?.sender === me ? chat.progress(last.seq) : null,
      isSelected: this.#selected === `#/chat/${chat.id}` || this.#selected === `#/group/${chat.id}` || (chat.kind === "direct" && this.#selected === `#/contact/${chat.contact}`),
    };
  }

  #lineOf(chat, last) {
    const { people, me } = this.#client;
    if (last.kind && last.kind !== "message") return noticeOf(last, people);
    return `${chat.kind !== "direct" && last.sender !== me ? `${people.nameOf(last.from)}: ` : ""}${summaryOf(last)}`;
  }

  #row(facts) {
    return el("li", {}, el("a.chat", { href: facts.href, "aria-current": facts.isSelected ? "page" : null, class: facts.unread ? "chat is-unread" : "chat" },
      el("span.face", {}, avatar(facts.title, facts.photo), facts.isOnline ? el("span.dot", {}, el("span.unseen", {}, "online")) : null),
      el("span.chat-title", { dir: "auto" }, facts.title),
      el("span.chat-time", {}, facts.time),
      el("span.chat-text", { class: facts.isTyping ? "chat-text is-typing" : "chat-text" }, facts.isMine && facts.progress ? tick(facts.progress) : null, el("bdi", {}, facts.text)),
      facts.unread ? el("span.badge", {}, el("span", { "aria-hidden": "true" }, facts.unread > 999 ? "999+" : String(facts.unread)), el("span.unseen", {}, `${facts.unread} unread`)) : null));
  }
}
