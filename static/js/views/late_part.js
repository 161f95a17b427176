// A part of a page whose code is loaded when it is first shown. Until it has come there is nothing in its place.

import { el } from "./dom.js";

const AGAIN_MS = 5000;

export class LatePart {
  #load;
  #make;
  #isStopped = false;
  #timer = null;
  part = null; // what was made, once it has come

  /** `load()` resolves with a module, of which `make(module)` makes the part: {node, stop?()}. `place` stands for it until then. */
  constructor(load, make, place = el("div", { hidden: true })) {
    this.#load = load;
    this.#make = make;
    this.node = place;
    this.begin();
  }

  stop(how) {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.part?.stop?.(how);
  }

  async begin() {
    let module;
    try {
      module = await this.#load();
    } catch {
      if (!this.#isStopped) this.missing();
      return;
    }
    if (this.#isStopped) return;
    this.part = this.#make(module);
    this.node.replaceWith(this.part.node);
    this.node = this.part.node;
    this.come();
  }

  /** It could not be loaded: tried again in a moment, perhaps with the next connection. */
  missing() {
    this.#timer = setTimeout(() => this.begin(), AGAIN_MS);
  }

  come() {}
}
