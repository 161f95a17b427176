// Keys of the whole page: to any chat, to the next one, to the search, to the list of keys; what else is typed goes where one writes.

import { gettext } from "../language.js";
import { loaded } from "./attach.js";
import { openDialog } from "./dialogs.js";
import { el, keyOf } from "./dom.js";

const SHOWN_MAX = 50; // chats to choose from
export const OFF = "parley.single-keys-off"; // for whoever speaks to the computer, or types by accident

export class Shortcuts {
  #client;
  #acts;

  /** `acts`: {step(by), search(), compose(), go(hash)}. */
  constructor(client, acts) {
    this.#client = client;
    this.#acts = acts;
  }

  start() {
    addEventListener("keydown", this.#hear);
  }

  stop() {
    removeEventListener("keydown", this.#hear);
  }

  #hear = (event) => {
    if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
    const act = this.#actOf(event);
    if (!act) return;
    event.preventDefault();
    act();
  };

  #actOf(event) {
    const { key, ctrlKey, metaKey, altKey, shiftKey, target } = event;
    const { step, search, compose } = this.#acts;
    if ((ctrlKey || metaKey) && !altKey && !shiftKey && keyOf(event).toLowerCase() === "k") return () => this.#switch();
    // In a form these open lists and calendars, and to leave it would lose it.
    const steps = { ArrowUp: -1, ArrowDown: 1 }[key];
    if (steps && altKey && !ctrlKey && !metaKey) return target.closest?.("select, input:not([type=search])") ? null : () => step(steps);
    if (ctrlKey || metaKey || altKey || key.length !== 1 || key === " " || isField(target) || localStorage.getItem(OFF)) return null;
    if (key === "/") return search;
    if (keyOf(event) === "?") return () => this.#showKeys();
    compose(); // the letter follows the focus
    return null;
  }

  async #showKeys() {
    const help = await loaded(() => import("./keys_help.js"), (error) => this.#client.emit("problem", error.message));
    await help?.showKeys();
  }

  async #switch() {
    const hash = await openSwitcher(this.#client);
    if (hash) this.#acts.go(hash);
  }
}

const isField = (node) => node.closest?.("input, textarea, select, [contenteditable]") !== null;

/** A field that finds a chat by its name; resolves with the address of the chosen one, or null. */
function openSwitcher(client) {
  return openDialog(gettext("Go to a chat"), (close) => {
    let chosen = 0;
    let found = [];
    const list = el("ul.menu", { role: "listbox", id: "switcher-list", "aria-label": gettext("Chats") });
    const input = el("input", { type: "text", role: "combobox", "aria-label": gettext("Name of a chat"), "aria-controls": "switcher-list", "aria-expanded": "true", autocomplete: "off", dir: "auto",
      oninput: () => draw(0),
      onkeydown: (event) => {
        const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (event.key === "Enter" && found[chosen] && !event.isComposing) close(found[chosen].href);
        else if (step && found.length) draw((chosen + step + found.length) % found.length);
        else return;
        event.preventDefault();
      } });
    const draw = (place) => {
      const query = input.value.trim().toLowerCase();
      found = client.listed().map((chat) => ({ href: chat.isLoaded ? `#/chat/${chat.id}` : `#/contact/${chat.contact}`, title: client.people.titleOf(chat) }))
        .filter(({ title }) => title.toLowerCase().includes(query)).slice(0, SHOWN_MAX);
      chosen = place;
      list.replaceChildren(...found.map(({ href, title }, other) =>
        el("li.menu-item", { id: `switcher-${other}`, role: "option", "aria-selected": String(other === chosen), dir: "auto", onclick: () => close(href) }, title)));
      list.children[chosen]?.scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", found.length ? `switcher-${chosen}` : "");
      none.hidden = found.length > 0;
    };
    const none = el("p.hint", { role: "status", hidden: true }, gettext("No chat has this name."));
    draw(0);
    return [input, list, none];
  });
}
