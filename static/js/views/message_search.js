// Messages that hold what was typed into the search of the chat list, below the chats that have it in their names.

import { gettext } from "../language.js";
import { el, show } from "./dom.js";
import { foundRow } from "./found_row.js";
import { KINDS } from "./search_kinds.js";

const AFTER_MS = 250; // without another key
const WANTED = 10; // a page of the server may be short, and have a next one
const PAGES_MAX = 3; // read for one look
const LONG_ENOUGH = /..|[^\x00-\x7f]/u; // one letter of a script with thousands of them is a word

export class MessageSearch {
  #client;
  #onchange;
  #query = "";
  #kind = "";
  #next = null;
  #timer = null;
  #search = 0; // which one is the last: an answer to another is not shown
  #reading = 0; // which one is being read: its next page is asked for once

  /** `onchange(count)` hears how many were found, after each answer, and 1 where another choice of kinds may find some. */
  constructor(client, onchange) {
    this.#client = client;
    this.#onchange = onchange;
    this.list = el("ul.found", { role: "list" });
    this.kinds = el("div.chips", { role: "group", "aria-label": gettext("Kind") }, ...KINDS.map(([kind, name]) => el("button", { type: "button", value: kind, onclick: () => this.#choose(kind) }, name)));
    this.status = el("p.hint", { role: "status" });
    this.more = el("button.link", { type: "button", hidden: true, onclick: () => this.#reading !== this.#search && this.#read(this.#search) }, gettext("Show more"));
    this.node = el("section.found-messages", { "aria-label": gettext("Messages that were found"), hidden: true }, el("h2", {}, gettext("Messages")), this.kinds, this.list, this.status, this.more);
    this.#showKind();
  }

  /** Look for a text, which may be empty: then nothing is shown. */
  look(query) {
    if (query === this.#query) return;
    this.#query = query;
    this.#look();
  }

  /** Keep to messages of one kind, until the field is empty. */
  #choose(kind) {
    this.#kind = kind;
    this.#showKind();
    this.#look(0);
  }

  #showKind() {
    for (const button of this.kinds.children) button.ariaPressed = String(button.value === this.#kind);
  }

  #look(after = AFTER_MS) {
    this.#next = null;
    const search = ++this.#search;
    clearTimeout(this.#timer);
    if (!LONG_ENOUGH.test(this.#query)) return this.#clear();
    this.#timer = setTimeout(() => this.#read(search), after);
  }

  #clear() {
    this.#kind = "";
    this.#showKind();
    this.list.replaceChildren();
    this.node.hidden = this.more.hidden = true;
    this.#client.emit("search-over");
    this.#onchange(0);
  }

  async #read(search) {
    const isAnew = this.#next === null;
    this.#reading = search;
    const [hits, problem] = await this.#ask(search);
    if (search !== this.#search) return;
    this.#reading = 0;
    if (isAnew) this.list.replaceChildren();
    this.list.append(...hits.map((hit) => this.#rowOf(hit)));
    const count = this.list.childElementCount;
    this.more.hidden = !this.#next;
    show(this.status, problem || (this.#kind && count === 0 ? gettext("Nothing found") : ""));
    this.node.hidden = count === 0 && !problem && !this.#next && !this.#kind;
    this.#onchange(count || (this.#kind ? 1 : 0));
  }

  #rowOf(hit) {
    const row = foundRow(this.#client, hit.message, markedOf(hit), () => this.#client.emit("show", { chat: hit.chat, seq: hit.seq, hits: [hit], query: this.#query }));
    if (!this.#client.chats.get(hit.chat)?.isLoaded) Object.assign(row.querySelector("button"), { disabled: true, title: gettext("A chat that you left") });
    return row;
  }

  /** Hits, and what went wrong. */
  async #ask(search) {
    const hits = [];
    try {
      for (let page = 0; page < PAGES_MAX && hits.length < WANTED && search === this.#search; page++) {
        const answer = await this.#client.ask("/chat", "search", { query: this.#query, ...(this.#kind ? { kind: this.#kind } : {}), ...(this.#next ? { before: this.#next } : {}) });
        hits.push(...answer.hits);
        if (search === this.#search) this.#next = answer.next;
        if (!answer.next) break;
      }
      return [hits, ""];
    } catch (error) {
      if (error.name !== "Refused") return [hits, gettext("Messages are searched once there is a connection.")];
      return [hits, error.code === "malformed" ? "" : error.message]; // nothing but signs is no word
    }
  }
}

/** The words around a hit, with what was found in them marked. Places are counted in code points. */
function markedOf({ snippet, ranges }) {
  const letters = [...snippet];
  const nodes = [];
  let end = 0;
  for (const [start, stop] of ranges) {
    nodes.push(letters.slice(end, start).join(""), el("mark", {}, letters.slice(start, stop).join("")));
    end = stop;
  }
  return [...nodes, letters.slice(end).join("")];
}
