// Who is meant by an "@": the members of a chat whose names begin so, above the field in which it is written.

import { gettext, ngettext } from "../language.js";
import { compareWords } from "../locale.js";
import { matching } from "../mention_marks.js";
import { avatar, el, show } from "./dom.js";

const SHOWN_MAX = 50;
const KNOWN_MS = 30000; // how long it is believed who is in a group
const STEPS = { ArrowDown: 1, ArrowUp: -1 };

export class MentionList {
  #client;
  #text;
  #acts;
  #chat = null;
  #begun = null;
  #left = null; // where the "@" stands that was left by Escape
  #found = [];
  #at = 0;
  #asked = { chat: null, at: -Infinity, numbers: null }; // who is in the group, by the server

  /** `acts`: {choose(begun, number, name): somebody was chosen for what stands there, `begun` of queryAt; nameOf(number)}. */
  constructor(client, text, acts) {
    this.#client = client;
    this.#text = text;
    this.#acts = acts;
    this.list = el("ul.mention-list", { id: "mention-list", role: "listbox", "aria-label": gettext("Mention a member"), hidden: true,
      onpointerdown: (event) => event.preventDefault(), // the focus, and with it the keyboard of a phone, stays
      onclick: ({ target }) => this.#take(Number(target.closest("[role=option]")?.dataset.place ?? -1)) });
    this.status = el("p.unseen", { role: "status" });
    text.setAttribute("aria-autocomplete", "list");
    text.form.prepend(this.list, this.status);
  }

  look(chat, begun) {
    if (this.#left === begun.start) return;
    this.#left = null;
    const isOther = this.#begun?.start !== begun.start || this.#begun.query !== begun.query;
    [this.#chat, this.#begun] = [chat, begun];
    if (isOther) this.#at = 0;
    this.#askWho(chat);
    this.#draw();
  }

  close() {
    this.#begun = this.#left = null;
    this.#draw();
  }

  key(event) {
    if (!this.#found.length || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return false;
    if (event.key in STEPS) {
      this.#at = (this.#at + STEPS[event.key] + this.#found.length) % this.#found.length;
      this.#draw();
    } else if (event.key === "Enter" || event.key === "Tab") this.#take(this.#at);
    else if (event.key === "Escape") {
      const { start } = this.#begun;
      this.close();
      this.#left = start;
    } else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  #take(place) {
    const person = this.#found[place];
    const begun = this.#begun;
    if (!person) return;
    this.close();
    this.#acts.choose(begun, person.number, person.name);
  }

  /** A large group does not tell who has read what, and an event has guests of whom nobody has read: then the server says who is there. */
  async #askWho(chat) {
    if (this.#asked.chat === chat && performance.now() - this.#asked.at < KNOWN_MS) return;
    const { numbers } = this.#asked.chat === chat ? this.#asked : { numbers: null };
    this.#asked = { chat, at: performance.now(), numbers };
    const asked = chat.group ? this.#client.rest.get(`/api/groups/${chat.group}/info/`).then(({ participants }) => participants) : null;
    const known = await asked?.catch(() => null);
    if (!known || this.#asked.chat !== chat) return;
    this.#asked.numbers = known;
    if (this.#begun) this.#draw();
  }

  #members() {
    const { people, session, events } = this.#client;
    const { event, marks } = this.#chat;
    const guests = (events.find(event)?.invitees ?? []).filter(({ id }) => id !== null); // others have no account yet
    const numbers = this.#asked.numbers ?? [...[...marks.keys()].map((account) => people.numberOf(account)), ...guests.map(({ phone_number: number }) => number.replace(/\D/g, ""))];
    const others = new Set(numbers.filter((number) => number && number !== session.number));
    return [...others].map((number) => {
      const name = this.#acts.nameOf(number).replace(/^~/, "");
      return { number, name, names: [name, people.ownNameOf(number)], photo: people.photos.get(number) };
    }).sort((one, other) => compareWords(one.name, other.name));
  }

  #draw() {
    this.#found = this.#begun ? matching(this.#members(), this.#begun.query).slice(0, SHOWN_MAX) : [];
    const isOpen = this.#found.length > 0;
    this.#at = Math.min(this.#at, Math.max(0, this.#found.length - 1));
    this.list.replaceChildren(...this.#found.map(({ number, name, photo }, place) => el("li", { role: "option", id: `mention-${place}`, "data-place": place, "aria-selected": String(place === this.#at) },
      avatar(name, photo), el("span", { dir: "auto" }, name), name === `+${number}` ? null : el("bdi.mention-number", {}, `+${number}`))));
    this.list.hidden = !isOpen;
    for (const [attribute, value] of [["aria-controls", this.list.id], ["aria-activedescendant", `mention-${this.#at}`]]) {
      if (isOpen) this.#text.setAttribute(attribute, value);
      else this.#text.removeAttribute(attribute);
    }
    show(this.status, isOpen ? ngettext("{count} member", "{count} members", this.#found.length) : "");
    if (isOpen) this.list.children[this.#at].scrollIntoView({ block: "nearest" });
  }
}
