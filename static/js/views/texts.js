// Turns what people wrote into nodes: addresses become links, everything else stays text.

import { el } from "./dom.js";

const ADDRESS = /\bhttps?:\/\/[^\s<>"']+/giu;
const TAIL = /[.,;:!?)\]}…]+$/u;
const ONLY_EMOJI = /^(?:\p{Extended_Pictographic}[\p{Emoji_Modifier}\uFE0F\u200D\p{Extended_Pictographic}]*){1,3}$/u;

/** Text and links for `append`. Only http and https become links. */
export function withLinks(text) {
  const parts = [];
  let end = 0;
  for (const found of text.matchAll(ADDRESS)) {
    const address = balanced(found[0]);
    if (!URL.canParse(address)) continue;
    parts.push(text.slice(end, found.index), link(address));
    end = found.index + address.length;
  }
  parts.push(text.slice(end));
  return parts.filter((part) => part !== "");
}

/** A closing bracket belongs to the sentence unless the address opened one. */
function balanced(address) {
  const tail = TAIL.exec(address)?.[0] ?? "";
  if (!tail) return address;
  const bare = address.slice(0, -tail.length);
  return tail.startsWith(")") && bare.includes("(") && !bare.includes(")") ? `${bare})` : bare;
}

export function link(address) {
  return el("a", { href: address, target: "_blank", rel: "noopener noreferrer nofollow", tabindex: "0" }, address);
}

export function isOnlyEmoji(text) {
  return text.length <= 40 && ONLY_EMOJI.test(text.trim());
}

/** One line that stands for a message: in the chat list, in a reply, in an announcement. */
export function summaryOf(message) {
  if (message.deleted) return "Deleted message";
  const names = { i: "Photo", l: "Place", s: "Voice message", a: "Audio", v: "Video", c: "Contact" };
  if (message.type === "t") return message.text;
  return [names[message.type] ?? "Message", message.caption ?? message.name].filter(Boolean).join(": ");
}
