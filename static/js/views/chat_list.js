// The chats, the newest first: who, what was last said, when, what is unread, who is there and who is writing.

import { namingOnly } from "../chat.js";
import { gettext, gettextNodes, ngettext } from "../language.js";
import { isMessage } from "../outbox.js";
import { beginningOf, isBlank } from "../words.js";
import { loaded } from "./attach.js";
import { arrange, attempt, avatar, blankOf, el, icon, ownFace, perFrame, show } from "./dom.js";
import { eventTile } from "./event_tile.js";
import { noticeOf, tick } from "./message_row.js";
import { summaryOf } from "./texts.js";
import { briefly } from "./times.js";

const SHOWN_AT_FIRST = 60;
const SKELETON_ROWS = 8;

export class ChatList {
  #client;
  #offs = [];
  #rows = new Map(); // chat id -> { node, version }
  #selected = "";
  #query = "";
  #shown = SHOWN_AT_FIRST;
  #isOver = false;
  #isArchiveOpen = false;
  #messages = null; // MessageSearch, once something was looked for
  #hits = 0; // messages that were found
  #days = null; // what reads the days of events, once it is wanted

  constructor(client) {
    this.#client = client;
    this.list = el("ul.chats", { role: "list" });
    this.list.addEventListener("contextmenu", (event) => this.#openMenu(event));
    this.archived = el("ul.chats", { role: "list", id: "archived-chats", hidden: true });
    this.archived.addEventListener("contextmenu", (event) => this.#openMenu(event));
    this.archive = el("button.archive", { type: "button", hidden: true, "aria-controls": "archived-chats", "aria-expanded": "false", onclick: () => {
      this.#isArchiveOpen = !this.#isArchiveOpen;
      this.draw();
    } }, icon("archive"), el("span"), icon("down"));
    this.found = el("div");
    this.empty = el("div", { hidden: true });
    this.skeleton = el("div.skeleton", { "aria-hidden": "true" }, ...Array.from({ length: SKELETON_ROWS }, () => el("div")));
    this.search = el("input.search", { type: "search", placeholder: gettext("Search chats"), "aria-label": gettext("Search chats"), oninput: (event) => {
      this.#query = event.target.value.trim().toLowerCase();
      this.#lookInMessages();
      this.draw();
    } });
    this.more = el("button.link.more-chats", { type: "button", hidden: true, onclick: () => {
      this.#shown += SHOWN_AT_FIRST;
      this.draw();
    } }, gettext("Show older chats"));
    this.begin = el("button.primary.new", { type: "button", "aria-haspopup": "menu", onclick: () => this.#begin() }, icon("plus"), gettext("New"));
    this.node = el("nav.side", { "aria-label": gettext("Chats") },
      el("header.bar", {}, el("span.mark"), el("h1.brand", { tabindex: "-1" }, "Parley"), this.begin),
      this.search, el("div.chats-scroller", { onpointerdown: (event) => event.pointerType !== "mouse" && this.#touch(event) }, this.skeleton, this.list, this.empty, this.more, this.archive, this.archived, this.found));
    this.draw = perFrame(() => this.#draw());
  }

  start() {
    for (const name of ["chat", "people", "outbox", "drafts", "state"]) this.#offs.push(this.#client.on(name, () => this.draw()));
    this.#offs.push(this.#client.on("chats", () => this.#draw())); // at once: whatever else is asked for comes behind what people wait for
    this.minute = setInterval(() => this.draw(), 60000);
    this.draw();
  }

  stop() {
    clearInterval(this.minute);
    for (const off of this.#offs) off();
    this.#isOver = true;
  }

  focus() {
    (this.list.querySelector("a") ?? this.search).focus();
  }

  /** Open the chat below (1) or above (-1) the open one; the first one where none is open. */
  step(by) {
    const links = [...this.list.querySelectorAll("a.chat")];
    const place = links.findIndex((link) => link.hasAttribute("aria-current"));
    const next = place < 0 ? links[0] : links[place + by];
    if (!next) return;
    next.scrollIntoView({ block: "nearest" });
    location.hash = next.getAttribute("href");
  }

  select(hash) {
    this.#selected = hash;
    this.draw();
  }

  #draw() {
    if (this.#isOver) return; // this frame was planned before
    const { people } = this.#client;
    const all = this.#client.listed();
    const found = all.filter((chat) => !this.#query || people.titleOf(chat).toLowerCase().includes(this.#query) || chat.contact?.includes(this.#query));
    const now = Date.now();
    const isAway = (chat) => !this.#query && chat.isArchivedAt(now); // who searches looks everywhere
    const away = found.filter(isAway);
    const shown = found.filter((chat) => !isAway(chat)).slice(0, this.#shown);
    const nodes = shown.map((chat) => this.#rowOf(chat));
    const archived = this.#isArchiveOpen ? away.map((chat) => this.#rowOf(chat)) : [];
    const kept = new Set([...nodes, ...archived]);
    for (const [id, { node }] of this.#rows) if (!kept.has(node)) this.#rows.delete(id);
    arrange(this.list, nodes);
    arrange(this.archived, archived);
    this.archived.hidden = archived.length === 0;
    this.archive.hidden = away.length === 0;
    this.archive.setAttribute("aria-expanded", String(this.#isArchiveOpen));
    show(this.archive.children[1], ngettext("Archived: one chat", "Archived: {count} chats", away.length));
    this.more.hidden = found.length - away.length <= this.#shown;
    this.skeleton.hidden = all.length > 0 || this.#client.state === "online" || this.#client.state === "offline";
    this.#drawEmpty(shown.length + away.length > 0 ? "" : this.#query ? (this.#hits ? "" : "found") : this.#client.state === "online" ? "all" : "");
  }

  /** `what` is empty: all chats, or those that were found, or nothing. */
  #drawEmpty(what) {
    if (this.empty.dataset.of === what) return; // what has the focus keeps it
    this.empty.dataset.of = what;
    this.empty.hidden = !what;
    if (what === "all") {
      this.empty.replaceChildren(blankOf("chats", gettext("No chats yet"), gettext("Say hello to somebody you know."),
        el("a.button.primary", { href: "#/contacts" }, gettext("Start a chat")), el("button", { type: "button", onclick: () => this.#add() }, gettext("Add people"))));
    } else if (what === "found") {
      this.empty.replaceChildren(blankOf("search", gettext("No chat has this name."), "", el("button", { type: "button", onclick: () => this.#clear() }, gettext("Clear search"))));
    }
  }

  #clear() {
    this.search.value = this.#query = "";
    this.#messages?.look("");
    this.search.focus();
    this.draw();
  }

  async #lookInMessages() {
    if (!this.#query && !this.#messages) return;
    const search = await this.#late(() => import("./message_search.js"));
    if (!search) return;
    if (!this.#messages) {
      this.#messages = new search.MessageSearch(this.#client, (count) => {
        this.#hits = count;
        this.draw();
      });
      this.found.append(this.#messages.node);
    }
    this.#messages.look(this.#query);
  }

  async #begin() {
    const menu = await this.#late(() => import("./new_menu.js"));
    const address = await menu?.chooseNew(this.begin, this.#client);
    if (address) location.hash = address;
  }

  /** Of the row that was pressed: with the other button of a mouse, for long with a finger, or by the key for menus. */
  async #openMenu(event) {
    const link = event.target.closest("li")?.querySelector("a.chat");
    const chat = link && this.#chatOf(link);
    if (!chat?.isLoaded) return;
    event.preventDefault();
    const menu = await this.#late(() => import("./chat_menu.js"));
    await menu?.openChatMenu(this.#client, chat, link);
  }

  /** What a swipe takes is loaded with the first finger. */
  async #touch(event) {
    const { currentTarget: scroller } = event;
    this.swipe ??= import("./list_swipe.js").then(({ ListSwipe }) => new ListSwipe(this.#client, scroller, (link) => this.#chatOf(link))).catch(() => (this.swipe = null));
    (await this.swipe)?.down(event);
  }

  #chatOf(link) {
    for (const [id, { node }] of this.#rows) if (node.contains(link)) return this.#client.chats.get(id);
    return undefined;
  }

  async #add() {
    const acts = await this.#late(() => import("./contact_acts.js"));
    const added = await acts?.addNumber(this.#client);
    if (added?.exists) location.hash = `#/contact/${added.contact_id}`;
  }

  #late(load) {
    return loaded(load, (error) => this.#client.emit("problem", error.message));
  }

  /** The row of a chat, with the look that it has now. */
  #rowOf(chat) {
    const facts = this.#facts(chat);
    const version = JSON.stringify(facts);
    const known = this.#rows.get(chat.id);
    if (known?.version === version) return known.node;
    const fresh = this.#row(facts);
    if (known) renew(known.node.firstChild, fresh.firstChild);
    const node = known?.node ?? fresh;
    this.#rows.set(chat.id, { node, version });
    return node;
  }

  #facts(chat) {
    const { people, typing, outbox, me } = this.#client;
    const writers = typing.in(chat.id);
    const waiting = outbox.in(this.#client.laneOf(chat)).filter(isMessage).at(-1);
    const last = chat.preview;
    const isSelected = this.#selected === `#/chat/${chat.id}` || this.#selected === `#/group/${chat.id}` || (chat.contact && [`#/contact/${chat.contact}`, `#/person/${chat.contact}`].includes(this.#selected));
    const draft = isSelected || writers.length ? "" : (this.#client.drafts.find(this.#client.laneOf(chat))?.text ?? ""); // an open chat shows it where it is written
    const isDraft = !isBlank(draft);
    let text = "";
    if (writers.length) text = chat.kind === "direct" ? gettext("typing…") : gettext("{who} is typing…", { who: people.nameOfAccount(writers[0]) });
    else if (isDraft) text = draft;
    else if (waiting) text = summaryOf({ type: "t", ...waiting.body });
    else if (last) text = attempt(() => this.#lineOf(chat, last), () => "…");
    return {
      href: chat.isLoaded ? `#/chat/${chat.id}` : `#/contact/${chat.contact}`, title: people.titleOf(chat), text: beginningOf(String(text ?? ""), 200), isTyping: writers.length > 0, isDraft,
      time: briefly(waiting?.made_at ?? chat.lastAt), unread: chat.unread, isMentioned: chat.unread > 0 && chat.mentioned > 0, isOwn: chat.isOwn,
      isMuted: chat.isQuietAt(Date.now()), isPinned: chat.settings.pinned !== undefined, isMarked: Boolean(chat.settings.marked_unread), hasMenu: chat.isLoaded,
      isOnline: chat.kind === "direct" && people.presence.get(chat.contact)?.status === "online",
      photo: people.photoOf(chat), event: chat.event && [this.#dayOf(chat)],
      isMine: Boolean(waiting) || (last?.sender === me && !writers.length), progress: waiting ? (waiting.failed ? "failed" : "waiting") : last?.sender === me && !chat.isOwn ? chat.progress(last.seq) : null,
      isSelected,
    };
  }

  /** The day of an event, or undefined until it has been read. */
  #dayOf(chat) {
    if (this.#client.state === "online") this.#days ??= import("../event_days.js").then(({ EventDays }) => new EventDays(this.#client)).catch(() => (this.#days = null));
    return chat.day;
  }

  #lineOf(chat, last) {
    const { people, me } = this.#client;
    if (last.kind && last.kind !== "message") return noticeOf(namingOnly(me, last), people, { kind: chat.kind, isNews: true });
    if (chat.kind === "direct" || last.sender === me) return summaryOf(last);
    return gettext("{who}: {text}", { who: people.nameOf(last.from), text: summaryOf(last) });
  }

  #row(facts) {
    return el("li", {}, el("a.chat", { href: facts.href, "aria-current": facts.isSelected ? "page" : null, class: `chat${facts.unread || facts.isMarked ? " is-unread" : ""}${facts.isMuted ? " is-muted" : ""}` },
      el("span.face", {}, facts.event ? eventTile(...facts.event) : facts.isOwn ? ownFace() : avatar(facts.title, facts.photo), facts.isOnline ? el("span.dot", {}, el("span.unseen", {}, gettext("online"))) : null),
      el("span.chat-title", { dir: "auto" }, facts.title),
      el("span.chat-time", {}, ...signsOf(facts), facts.time),
      el("span.chat-text", { class: facts.isTyping ? "chat-text is-typing" : "chat-text" }, ...lineOf(facts)),
      facts.unread ? el("span.badge", {}, facts.isMentioned ? el("span.mentioned", {}, el("span", { "aria-hidden": "true" }, "@"), el("span.unseen", {}, gettext("you are mentioned"))) : null, el("span", { "aria-hidden": "true" }, facts.unread > 999 ? "999+" : String(facts.unread)), el("span.unseen", {}, ngettext("{count} unread", "{count} unread", facts.unread))) : facts.isMarked ? el("span.badge", {}, el("span.unseen", {}, gettext("marked as unread"))) : null),
      facts.hasMenu ? el("button.chat-more", { type: "button", tabindex: "-1", "aria-hidden": "true", title: gettext("Chat options"), onclick: (event) => this.#openMenu(event) }, icon("more")) : null);
  }
}

/** What is so of a chat, as drawings beside its time. */
function signsOf({ isMuted, isPinned }) {
  return [isMuted && ["mute", gettext("Muted")], isPinned && ["pin", gettext("Pinned")]].filter(Boolean).map(([drawing, label]) => el("span.sign", { role: "img", "aria-label": label, title: label }, icon(drawing)));
}

function lineOf({ text, isDraft, isMine, progress }) {
  const said = el("bdi", {}, text);
  if (isDraft) return gettextNodes("{draft} {text}", { draft: el("span.draft", {}, gettext("Draft:")), text: said });
  return [isMine && progress ? tick(progress) : null, said];
}

/** Give a link the look of a fresh one. It stays itself: a press that has begun on it opens it, and the focus stays. */
function renew(link, fresh) {
  link.replaceChildren(...fresh.childNodes);
  for (const name of ["href", "class", "aria-current"]) {
    if (fresh.hasAttribute(name)) link.setAttribute(name, fresh.getAttribute(name));
    else link.removeAttribute(name);
  }
}
