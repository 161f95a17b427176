// The frame around everything: the chat list, the page that the address names, and the state of the connection.

import { gettext } from "../language.js";
import { waitOf } from "../locale.js";
import { ChatList } from "./chat_list.js";
import { Conversation } from "./conversation.js";
import { nextInRun, Player, trackOf } from "../player.js";
import { LatePage } from "./late_page.js";
import { Shortcuts } from "./shortcuts.js";
import { onPreferences } from "../preferences.js";
import { sentenceOf } from "../waiting.js";
import { blankOf, el, keepingFocus, show } from "./dom.js";
import { Tabs } from "./tabs.js";

const PROBLEM_MS = 8000;
const MISSPELT = gettext("The address may be misspelt.");
const GONE = gettext("It may have been deleted, or you are not in it.");
const MISSING = { // what stands where an address names one that is not there
  chat: [gettext("There is no such chat"), GONE],
  group: [gettext("There is no such group"), GONE],
  event: [gettext("There is no such event"), GONE],
  contact: [gettext("There is no such number"), MISSPELT],
  person: [gettext("There is no such number"), MISSPELT],
};
const START_MS = 2000; // a connection that comes so soon after the start is not worth a line that moves everything

export class Shell {
  #client;
  #page = null;
  #hash = ""; // the address that is shown
  #tick = null;
  #offs = [];
  #wanted = null; // what is done in the chat that the address names next
  #startedAt = Date.now();

  constructor(root, client) {
    this.#client = client;
    this.list = new ChatList(client);
    this.tabs = new Tabs(client);
    this.main = el("div.main");
    this.state = document.createTextNode("");
    this.banner = el("div.banner", { role: "status" }, this.state);
    this.player = new Player({ nextOf: (track) => this.#trackAfter(track) });
    this.playing = el("div.playing");
    this.problem = el("div.toast", { role: "alert", hidden: true });
    this.node = el("main.shell", {}, this.banner, this.playing, this.tabs.node, this.list.node, this.main, this.problem);
    this.shortcuts = new Shortcuts(client, { step: (by) => this.list.step(by), search: () => this.list.search.focus(), searchHere: () => this.#page?.openSearch, compose: () => this.#page?.composer?.focus(), go: this.#navigate });
    root.replaceChildren(this.node);
  }

  start() {
    const client = this.#client;
    this.#offs = [
      client.on("state", () => this.#showState()),
      client.on("outbox", () => this.#showState()),
      client.on("show", ({ chat, seq, ...how }) => this.#goTo(chat, (page) => page.jumpTo?.(seq, how))),
      client.on("search", (chat) => this.#goTo(chat, (page) => page.openSearch?.())),
      client.on("problem", (text) => this.#showProblem(text)),
      client.on("late", () => this.#showProblem(gettext("This was sent before it could be stopped. Delete it in the chat instead."))),
      client.on("cleared", ({ id }) => location.hash === `#/chat/${id}` && keepingFocus(this.#route)), // its rows are too many to go one by one
      client.on("chats", () => this.#page === null && keepingFocus(this.#route)), // the address may name a chat that only now is known
      client.on("chat", (chat) => this.#page === null && location.hash === `#/chat/${chat.id}` && keepingFocus(this.#route)),
    ];
    this.#offs.push(onPreferences(() => client.emit("people"))); // times are written with another clock
    this.#offs.push(this.player.on("change", () => this.#showPlayer()));
    addEventListener("hashchange", this.#route);
    this.#tick = setInterval(() => this.#showState(), 1000);
    this.shortcuts.start();
    this.list.start();
    this.tabs.start();
    this.#route();
    this.#showState();
  }

  stop() {
    removeEventListener("hashchange", this.#route);
    this.shortcuts.stop();
    clearInterval(this.#tick);
    for (const off of this.#offs) off();
    this.playerBar?.stop();
    this.player.close();
    this.list.stop();
    this.tabs.stop();
    this.#page?.stop?.({ isLeaving: true });
  }

  /** In place of `start`, where what this browser keeps cannot be read. */
  fail() {
    this.node.classList.add("has-page");
    this.main.replaceChildren(nothing(gettext("Parley could not start"), gettext("This browser could not read what it keeps for this page. Nothing of it is lost."),
      el("button.primary", { type: "button", onclick: () => location.reload() }, gettext("Reload"))));
  }

  #navigate = (hash) => {
    location.hash = hash;
  };

  #route = () => {
    const from = this.#hash;
    this.#hash = location.hash;
    this.node.classList.toggle("has-tabs", this.tabs.select(location.hash));
    if (from !== location.hash && this.#page?.follow?.(location.hash)) return;
    this.#page?.stop?.();
    this.#page = this.#pageOf(location.hash, from);
    this.node.classList.toggle("has-page", location.hash.length > 2);
    this.main.replaceChildren(this.#page?.node ?? this.#nothing());
    this.list.select(location.hash);
    this.#page?.opened?.();
    if (this.#page) this.#wanted?.(this.#page);
    this.#wanted = null;
    if (!this.#page && location.hash.length < 3 && this.hadPage) this.list.focus();
    this.hadPage = this.#page !== null;
  };

  /** The bar of the player is loaded with the first sound; where that fails, with the next press. */
  async #showPlayer() {
    if (this.playerBar) return;
    const loaded = await import("./player_bar.js").catch(() => null);
    if (!loaded || this.playerBar || !this.player.track || !this.node.isConnected) return;
    this.playerBar = new loaded.PlayerBar(this.#client.people, this.player, (chat, seq) => this.#goTo(chat, (page) => page.jumpTo?.(seq)));
    this.playing.replaceChildren(this.playerBar.node);
  }

  /** Go to a chat from wherever one is, and do something there. */
  #goTo(chat, act) {
    if (this.#page?.chat?.id === chat) return act(this.#page);
    this.#wanted = act;
    location.hash = `#/chat/${chat}`;
  }

  #trackAfter(track) {
    const log = this.#client.chats.get(track.chat)?.log;
    const next = log && track.seq && track.type === "s" ? nextInRun(log, track) : null;
    return next && trackOf(next, track.chat);
  }

  #pageOf(hash, from) {
    const [, kind, id] = hash.split("/");
    const client = this.#client;
    const chat = client.chats.get(Number(id));
    const isNumber = /^\d+$/.test(id);
    const isThere = chat?.isLoaded;
    if (kind === "chat" && isThere) return new Conversation(client, chat, this.#navigate, this.player);
    if (kind === "contact" && isNumber) return new Conversation(client, client.findDirect(id) ?? client.placeOf(id), this.#navigate, this.player);
    if (kind === "group" && isThere) return new LatePage(() => import("./group.js"), ({ GroupView }) => new GroupView(client, chat, this.#navigate));
    if (kind === "person" && isNumber) return new LatePage(() => import("./person.js"), ({ PersonView }) => new PersonView(client, id, this.#navigate, from));
    if (kind === "contacts") return new LatePage(() => import("./contacts.js"), ({ ContactsView }) => new ContactsView(client, this.#navigate));
    if (kind === "events") return new LatePage(() => import("./events.js"), ({ EventsView }) => new EventsView(client, this.#navigate));
    const event = kind === "event" ? client.events.find(Number(id)) : null;
    if (kind === "new-event" || event) return new LatePage(() => import("./event_form.js"), ({ EventFormView }) => new EventFormView(client, this.#navigate, event));
    if (kind === "event") this.#awaitEvent(Number(id), hash);
    if (kind === "new-group") return new LatePage(() => import("./new_group.js"), ({ NewGroupView }) => new NewGroupView(client, this.#navigate));
    if (kind === "settings") return new LatePage(() => import("./settings/settings.js"), ({ SettingsView }) => new SettingsView(client, this.#navigate, hash));
    return null;
  }

  /** An address that was opened before its event was known. */
  #awaitEvent(id, hash) {
    if (this.#client.events.find(id) === null || !Number.isSafeInteger(id)) return; // it does not exist
    this.#client.events.load(id).then(() => location.hash === hash && keepingFocus(this.#route)).catch((error) => this.#showProblem(error.message));
  }

  /** What is there where the address names no page that can be shown. */
  #nothing() {
    const [, kind, id] = location.hash.split("/");
    if (!kind) return el("div.nothing", {}, blankOf("chats", gettext("Your conversations open here"), gettext("Choose a chat, or start a new one."), el("a.button.primary", { href: "#/contacts" }, gettext("Start a chat"))));
    const isAwaited = kind === "event" ? this.#client.events.find(Number(id)) !== null : !this.#client.isLevel;
    if (["chat", "group", "event"].includes(kind) && isAwaited && /^\d+$/.test(id)) return nothing(gettext("Loading…"), gettext("Waiting for the connection."));
    const [title, text] = Object.hasOwn(MISSING, kind) ? MISSING[kind] : [gettext("There is no such page"), MISSPELT];
    return nothing(title, text, el("a.button.primary", { href: "#/" }, gettext("Go to your chats")));
  }

  /** What is true of the connection right now, and nothing when all is well. */
  #showState() {
    const { state, outbox, nextTryAt, isKept } = this.#client;
    const kept = sentenceOf([...outbox.items.values()]);
    const seconds = nextTryAt ? Math.max(1, Math.ceil((nextTryAt - Date.now()) / 1000)) : null;
    const isStarting = Date.now() - this.#startedAt < START_MS;
    const texts = {
      connecting: isStarting ? "" : [gettext("Connecting…"), kept].join(" "),
      syncing: isStarting ? "" : [gettext("Catching up…"), kept].join(" "),
      offline: [gettext("No connection."), kept].join(" "),
      online: isKept === false ? gettext("This browser keeps nothing: a message that waits is lost when the tab closes.") : "",
    };
    show(this.state, (texts[state] ?? "").trimEnd());
    this.banner.className = `banner is-${state}`;
    if (state !== "offline") return this.retry?.remove();
    const retry = this.#retryButton(seconds); // which stays while the seconds pass: one may be pressing it
    if (!retry.isConnected) this.banner.append(retry);
  }

  #retryButton(seconds) {
    this.retry ??= el("button.link", { type: "button", onclick: () => this.#client.retry() });
    show(this.retry, gettext("Try now"));
    this.retry.title = gettext("The next try is in {time}", { time: waitOf(seconds ?? 1) });
    return this.retry;
  }

  #showProblem(text) {
    show(this.problem, text);
    this.problem.hidden = false;
    clearTimeout(this.problemTimer);
    this.problemTimer = setTimeout(() => (this.problem.hidden = true), PROBLEM_MS);
  }
}

const nothing = (title, text, way = null) => el("div.nothing", {}, el("h1", {}, title), el("p", {}, text), way);
