// Keys of the whole page: to any chat, to the next one, to the search, to the list of keys; what else is typed goes where one writes.

import { loaded } from "./attach.js";
import { keyOf } from "./dom.js";

export const OFF = "parley.single-keys-off"; // for whoever speaks to the computer, or types by accident

export class Shortcuts {
  #client;
  #acts;

  /** `acts`: {step(by), search(), searchHere() -> what searches in the open chat, if one is, compose(), go(hash)}. */
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
    if ((ctrlKey || metaKey) && !altKey && shiftKey && keyOf(event).toLowerCase() === "f") return this.#acts.searchHere();
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
    const switcher = await loaded(() => import("./switcher.js"), (error) => this.#client.emit("problem", error.message));
    const hash = await switcher?.openSwitcher(this.#client);
    if (hash) this.#acts.go(hash);
  }
}

const isField = (node) => node.closest?.("input, textarea, select, [contenteditable]") !== null;
