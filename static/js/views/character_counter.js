// Says how much may still be written near the limit of a field, and how much is too much beyond it.

import { ngettext } from "../language.js";
import { numberOf } from "../locale.js";
import { excessOf } from "../words.js";
import { el, show } from "./dom.js";

const COUNTED_FROM = 500; // characters left

export class CharacterCounter {
  #field;

  constructor(field) {
    this.#field = field;
    this.node = el("p.counter", { id: "composer-counter", role: "status" });
    field.setAttribute("aria-describedby", this.node.id);
  }

  /** `most`: how many characters a message, or a caption, may have. */
  count(most, isCaption) {
    const excess = excessOf(this.#field.value, most);
    const isTooLong = excess > 0;
    this.node.classList.toggle("problem", isTooLong);
    this.#field.setAttribute("aria-invalid", String(isTooLong));
    if (isTooLong) show(this.node, excessText(isCaption, excess, { count: numberOf(excess), most: numberOf(most) }));
    else show(this.node, excess > -COUNTED_FROM ? ngettext("{count} left", "{count} left", Math.abs(excess), { count: numberOf(Math.abs(excess)) }) : "");
  }
}

function excessText(isCaption, excess, values) {
  return isCaption
    ? ngettext("{count} character too many: a caption has at most {most}.", "{count} characters too many: a caption has at most {most}.", excess, values)
    : ngettext("{count} character too many: a message has at most {most}.", "{count} characters too many: a message has at most {most}.", excess, values);
}
