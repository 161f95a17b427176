// The frame around everything: the chat list, the page that the address names, and the state of the connection.

import { ChatList } from "./chat_list.js";
import { Conversation } from "./conversation.js";
import { ContactsView } from "./contacts.js";
import { EventFormView } from "./event_form.js";
import { GroupView } from "./group.js";
import { NewGroupView } from "./new_group.js";
import { SettingsView } from "./settings.js";
import { el, show } from "./dom.js";

const PROBLEM_MS = 8000;

export class Shell {
  #client;
  #page = null;
  #tick = null;
  #offs = [];

  constructor(root, client) {
    this.#client = client;
    this.list = new ChatList(client);
    this.main = el("div.main");
    this.banner = el("div.banner", { role: "status" });
    this.problem = el("div.toast", { role: "alert", hidden: true });
    this.node = el("main.shell", {}, this.banner, this.list.node, this.main, this.problem);
    root.replaceChildren(this.node);
  }

  start() {
    const client = this.#client;
    this.#offs = [
      client.on("state", () => this.#showState()),
      client.on("outbox", () => this.#showState()),
      client.on("problem", (text) => this.#showProblem(text)),
      client.on("chats", () => this.#page === null && this.#route()), // the address may name a chat that only now is known
    ];
    addEventListener("hashchange", this.#route);
    this.#tick = setInterval(() => this.#showState(), 1000);
    this.list.start();
    this.#route();
    this.#showState();
  }

  stop() {
    removeEventListener("hashchange", this.#route);
    clearInterval(this.#tick);
    for (const off of this.#offs) off();
    this.list.stop();
    this.#page?.stop?.();
  }

  #navigate = (hash) => {
    location.hash = hash;
  };

  #route = () => {
    this.#page?.stop?.();
    this.#page = this.#pageOf(location.hash);
    this.node.classList.toggle("has-page", location.hash.length > 2);
    this.main.replaceChildren(this.#page?.node ?? this.#nothing());
    this.list.select(location.hash);
    this.#page?.opened?.();
    if (!this.#page && location.hash.length < 3 && this.hadPage) this.list.focus();
    this.hadPage = this.#page !== null;
  };

  #pageOf(hash) {
    const [, kind, id] = hash.split("/");
    const client = this.#client;
    if (kind === "chat" && client.chats.get(Number(id))?.isLoaded) return new Conversation(client, client.chats.get(Number(id)), this.#navigate);
    if (kind === "contact" && /^\d+$/.test(id)) return new Conversation(client, client.findDirect(id) ?? { kind: "direct", contact: id }, this.#navigate);
    if (kind === "group" && client.chats.get(Number(id))?.isLoaded) return new GroupView(client, client.chats.get(Number(id)), this.#navigate);
    if (kind === "contacts") return new ContactsView(client, this.#navigate);
    if (kind === "new-event") return new EventFormView(client, this.#navigate);
    if (kind === "event" && client.events.find(Number(id))) return new EventFormView(client, this.#navigate, client.events.find(Number(id)));
    if (kind === "event") this.#awaitEvent(Number(id), hash);
    if (kind === "new-group") return new NewGroupView(client, this.#navigate);
    if (kind === "settings") return new SettingsView(client, this.#navigate);
    return null;
  }

  /** An address that was opened before its event was known. */
  #awaitEvent(id, hash) {
    if (this.#client.events.find(id) === null) return; // it does not exist
    this.#client.events.load(id).then(() => location.hash === hash && this.#route()).catch((error) => this.#showProblem(error.message));
  }

  #nothing() {
    const isLoading = /^#\/(chat|group|event)\//.test(location.hash);
    return el("div.nothing", {}, el("h1", {}, isLoading ? "Loading…" : "Parley"),
      el("p", {}, isLoading ? "This comes with the connection." : "Choose a chat, or start one from your contacts."));
  }

  /** What is true of the connection right now, and nothing when all is well. */
  #showState() {
    const { state, outbox, nextTryAt, isKept } = this.#client;
    const waiting = [...outbox.items.values()].filter((item) => !item.stored && !item.failed).length;
    const kept = waiting ? ` ${waiting === 1 ? "One message waits" : `${waiting} messages wait`} here and will be sent.` : "";
    const seconds = nextTryAt ? Math.max(1, Math.ceil((nextTryAt - Date.now()) / 1000)) : null;
    const texts = {
      connecting: `Connecting…${kept}`,
      syncing: `Catching up…${kept}`,
      offline: `No connection.${kept}`,
      online: isKept === false ? "This browser keeps nothing: a message that waits is lost when the tab closes." : "",
    };
    show(this.banner, texts[state] ?? "");
    this.banner.className = `banner is-${state}`;
    if (state === "offline") this.banner.append(this.#retryButton(seconds));
  }

  #retryButton(seconds) {
    this.retry ??= el("button.link", { type: "button", onclick: () => this.#client.retry() });
    show(this.retry, "Try now");
    this.retry.title = `The next try is in ${seconds ?? 1} s`;
    return this.retry;
  }

  #showProblem(text) {
    show(this.problem, text);
    this.problem.hidden = false;
    clearTimeout(this.problemTimer);
    this.problemTimer = setTimeout(() => (this.problem.hidden = true), PROBLEM_MS);
  }
}
