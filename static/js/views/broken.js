// What stands in a message where its file cannot be shown.

import { gettext } from "../language.js";
import { el, icon } from "./dom.js";

/** `text` says what cannot be shown; `again` tries once more. */
export function brokenOf(text, again, ...further) {
  return el("span.broken", {}, icon("warn"), el("span", {}, text), el("button", { type: "button", tabindex: "-1", "data-stop": "", onclick: again }, gettext("Try again")), ...further);
}

/** With a new connection: try the photos that could not be shown. What plays or is saved waits for a press. */
export function retryBroken(root) {
  for (const button of root.querySelectorAll(".media.is-missing:not(.video) > .broken > button")) button.click();
}
