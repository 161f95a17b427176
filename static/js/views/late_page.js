// A page whose code is loaded when somebody goes there. Until it has come, its place is kept; where it cannot come, that is said.

import { gettext } from "../language.js";
import { el, focusWatch, keepingFocus } from "./dom.js";
import { LatePart } from "./late_part.js";

export class LatePage extends LatePart {
  #mayFocus = null; // once it is opened

  /** As LatePart; the page may also have `opened()` and `follow(hash)`. */
  constructor(load, make) {
    super(load, make, el("section.page", { "aria-busy": "true" }));
  }

  opened() {
    this.#mayFocus = focusWatch();
    this.part?.opened?.();
  }

  /** Whether the page that is open goes to this address by itself. */
  follow(hash) {
    return this.part?.follow?.(hash) ?? false;
  }

  come() {
    if (!this.#mayFocus) return;
    if (this.#mayFocus()) this.part.opened?.();
    else keepingFocus(() => this.part.opened?.());
  }

  missing() {
    this.node.removeAttribute("aria-busy");
    this.node.replaceChildren(el("div.nothing", {}, el("h1", {}, gettext("This page could not be loaded")), el("p", { role: "alert" }, gettext("Is this device online?")),
      el("button", { type: "button", onclick: () => this.begin() }, gettext("Try again"))));
  }
}
