// A message that was found, as a row of a list: in which chat, who said it, when, and the words around what was looked for.

import { gettext } from "../language.js";
import { el } from "./dom.js";
import { summaryOf } from "./texts.js";
import { briefly } from "./times.js";

/** `words`: what stands for its text, as nodes; null for its beginning. */
export function foundRow(client, message, words, onclick) {
  const chat = client.chats.get(message.chat);
  const { people, me } = client;
  const text = words ?? [summaryOf(message)];
  const said = message.sender === me ? gettext("You") : chat && chat.kind !== "direct" ? people.nameOf(message.from) : null;
  return el("li", {}, el("button.found-row", { type: "button", onclick },
    el("span.chat-title", { dir: "auto" }, chat ? people.titleOf(chat) : people.nameOf(message.from)),
    el("span.chat-time", {}, briefly(message.sent_at)),
    el("span.found-text", { dir: "auto" }, said ? el("span.found-who", {}, gettext("{who}: ", { who: said })) : null, ...text)));
}
