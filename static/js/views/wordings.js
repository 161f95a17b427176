// What an edited message said before, as far as the reader could read it then.

import { gettext } from "../language.js";
import { openDialog } from "./dialogs.js";
import { el } from "./dom.js";
import { ALONE, formatted } from "./texts.js";
import { wholeTimeOf } from "./times.js";

export async function showWordings(client, { chat, seq }) {
  const { wordings } = await client.ask("/chat", "message_history", { chat, seq });
  await openDialog(gettext("Earlier wordings"), (close) => [
    el("ol.wordings", { role: "list" }, ...wordings.map(({ text, at }) => el("li", {}, el("time", { datetime: at }, wholeTimeOf(at)), el("p", { dir: "auto" }, ...formatted(text, ALONE))))),
    el("div.buttons", {}, el("button.primary", { type: "button", onclick: () => close() }, gettext("Close"))),
  ]);
}
