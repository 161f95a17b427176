// The search in one chat, in place of the header of its conversation: a field, how many were found, and the way from one to the next.

import { ChatSearch } from "../chat_search.js";
import { gettext } from "../language.js";
import { compareWords, numberOf } from "../locale.js";
import { el, iconButton, show } from "./dom.js";
import { KINDS } from "./search_kinds.js";
import { summaryOf } from "./texts.js";
import { wholeTimeOf } from "./times.js";

const AFTER_MS = 250; // without another key

export class ChatSearchBar {
  #client;
  #conversation;
  #search;
  #timer = null;
  #shown = null; // the hit that is in view

  constructor(client, conversation) {
    const { chat } = conversation;
    this.#client = client;
    this.#conversation = conversation;
    this.#search = new ChatSearch({ ask: (body) => client.ask("/chat", "search", body), chat: chat.id });
    const look = () => this.#look();
    const label = gettext("Search in {chat}", { chat: client.people.titleOf(chat) });
    this.field = el("input", { type: "search", "aria-label": label, placeholder: gettext("Search"), dir: "auto", autocomplete: "off", enterkeyhint: "search", maxlength: 256, oninput: () => this.#lookSoon(), onkeydown: (event) => this.#hear(event) });
    this.from = chat.kind === "direct" || chat.isOwn ? null : el("select", { "aria-label": gettext("Sent by"), onchange: look }, ...this.#sendersOf(chat));
    this.kind = el("select", { "aria-label": gettext("Kind"), onchange: look }, ...KINDS.map(([value, name]) => el("option", { value }, name)));
    this.count = el("span.chat-search-count", { "aria-hidden": "true" });
    this.said = el("p.unseen", { role: "status" });
    this.older = iconButton("up", gettext("Older"), () => this.#search.step(1));
    this.newer = iconButton("down", gettext("Newer"), () => this.#search.step(-1));
    this.node = el("div.bar.chat-search", { role: "search", onkeydown: (event) => event.key === "Escape" && (event.preventDefault(), this.close()) },
      el("h1.unseen", {}, label), iconButton("close", gettext("Close the search"), () => this.close()), this.field, this.older, this.newer, this.said,
      el("div.chat-search-kinds", {}, this.from, this.kind, this.count));
    this.#search.on("change", () => this.#draw());
    this.#draw();
  }

  open() {
    const { header } = this.#conversation;
    if (!this.node.isConnected) header.node.before(this.node);
    header.node.hidden = true;
    this.field.focus();
    this.field.select();
  }

  /** Take it away, with all that it lets stand out. Who was led to a message goes on there. */
  close() {
    const { header, jump, messages } = this.#conversation;
    const { hit } = this.#search;
    this.#search.look({ query: "" });
    clearTimeout(this.#timer);
    header.node.hidden = false;
    this.node.remove();
    this.field.value = "";
    jump?.mark();
    if (hit) messages.focus(hit.seq - 1);
    else header.more.focus();
  }

  stop() {
    clearTimeout(this.#timer);
    this.#search.look({ query: "" });
  }

  #sendersOf(chat) {
    const { people, me } = this.#client;
    const others = [...chat.marks.keys()].filter((account) => account !== me).map((account) => people.numberOf(account)).filter(Boolean);
    const named = others.map((number) => [number, this.#conversation.nameOf(number)]).sort(([, one], [, other]) => compareWords(one, other));
    return [["", gettext("Everybody")], [people.me.number, gettext("You")], ...named].map(([value, name]) => el("option", { value }, name));
  }

  #lookSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), AFTER_MS);
  }

  #look() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#search.look({ query: this.field.value.trim(), from: this.from?.value, kind: this.kind.value });
  }

  #hear(event) {
    const by = { Enter: event.shiftKey ? -1 : 1, ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!by || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    if (this.#timer !== null) this.#look(); // what was typed a moment ago
    else this.#search.step(by);
  }

  #draw() {
    const search = this.#search;
    const { hits, place, hit, hasMore, isReading, isOn } = search;
    show(this.count, this.#countOf());
    setOff(this.older, place + 1 >= hits.length && !hasMore);
    setOff(this.newer, place < 1);
    this.node.ariaBusy = String(isReading);
    if (isReading) return; // what is in view stays
    show(this.said, hit ? gettext("{count}: {who}, {time}: {text}", { count: this.#countOf(), who: this.#conversation.nameOf(hit.message.from), time: wholeTimeOf(hit.message.sent_at), text: hit.snippet || summaryOf(hit.message) }) : this.#countOf());
    if (hit === this.#shown) return;
    this.#shown = hit;
    if (hit) this.#conversation.jumpTo(hit.seq, { hits, query: this.field.value, keepsFocus: true });
    else if (!isOn || !hits.length) this.#conversation.jump?.mark();
  }

  /** How far one is, or why there is nothing. */
  #countOf() {
    const { hits, place, hasMore, isReading, isOn, error } = this.#search;
    if (error && error.code !== "malformed") return error.name === "Refused" ? error.message : gettext("Messages are searched once there is a connection.");
    if (!isOn) return "";
    if (!hits.length) return isReading ? gettext("Searching…") : gettext("Nothing found");
    const far = { place: numberOf(place + 1), count: numberOf(hits.length) };
    return hasMore ? gettext("{place} of more than {count}", far) : gettext("{place} of {count}", far);
  }
}

/** Say that a button does nothing now; one that has the focus keeps it. */
function setOff(button, isOff) {
  button.ariaDisabled = String(isOff);
}
