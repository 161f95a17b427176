// The keys of the page, and whether single ones do anything.

import { gettext } from "../language.js";
import { openDialog } from "./dialogs.js";
import { el } from "./dom.js";
import { OFF } from "./shortcuts.js";

const KEYS = [
  [gettext("Ctrl K"), gettext("Go to a chat")],
  [gettext("Alt ↑, Alt ↓"), gettext("Chat above, chat below")],
  ["/", gettext("Search chats")],
  [gettext("Ctrl Shift F"), gettext("Search in the open chat")],
  ["?", gettext("Show these shortcuts")],
  [gettext("Any letter"), gettext("Write in the open chat")],
  [gettext("↑ while writing nothing"), gettext("Edit the last message")],
  ["↑, ↓", gettext("From message to message")],
  [gettext("Enter, R, E, Del"), gettext("Menu, reply, edit, delete of a message")],
  [gettext("Esc"), gettext("Leave a reply, an edit or a dialog")],
];

/** The list of keys, and whether single ones do anything. */
export function keysOfPage() {
  const off = el("input", { type: "checkbox", checked: !localStorage.getItem(OFF), onchange: ({ target }) => {
    if (target.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "1");
  } });
  return [
    el("dl.keys", {}, ...KEYS.flatMap(([keys, text]) => [el("dt", { dir: "auto" }, keys), el("dd", {}, text)])),
    el("label.choice", {}, off, el("span", {}, gettext("Single keys (“/”, “?”, letters)"))),
  ];
}

export function showKeys() {
  return openDialog(gettext("Keyboard shortcuts"), (close) => [...keysOfPage(), el("div.buttons", {}, el("button.primary", { type: "button", onclick: () => close() }, gettext("Close")))]);
}
