// Turns what people wrote into nodes.

import { cardNameOf } from "../card_name.js";
import { plainName } from "../files.js";
import { gettext } from "../language.js";
import { lengthOf } from "../locale.js";
import { parse, parseAddresses, plainOf } from "../markup.js";
import { beginningOf } from "../words.js";
import { el } from "./dom.js";

const SUMMARY_MAX_CHARS = 500;
const ONLY_EMOJI = /^(?:\p{Extended_Pictographic}[\p{Emoji_Modifier}\uFE0F\u200D\p{Extended_Pictographic}]*){1,3}$/u;

const TAGS = { bold: "strong", italic: "em", strike: "s", code: "code", block: "pre" };

const IN_ROW = { tabindex: "-1", "data-stop": "" }; // message_list.js: a stop for Tab while its row is one
export const ALONE = { tabindex: "0" };

/** What somebody wrote, for `append`: with its bold, italic and struck words, its code and its links. `stop`: ALONE where it stands in no row. */
export const formatted = (text, stop = IN_ROW) => parse(text).map((part) => nodeOf(part, stop));

/** The same, where `draw(words)` gives the nodes of words, and `plain(words)` what stands in code and addresses. */
export function formattedWith(text, draw, plain) {
  const read = (part) => {
    if (typeof part === "string") return draw(part);
    if (part.parts) return [el(TAGS[part.kind], {}, ...part.parts.flatMap(read))];
    return [nodeOf({ ...part, text: plain(part.text), ...(part.address ? { address: plain(part.address) } : {}) }, IN_ROW)];
  };
  return parse(text).flatMap(read);
}

/** A title, for `append`: its addresses are links. */
export const withLinks = (text) => parseAddresses(text).map((part) => nodeOf(part, ALONE));

function nodeOf(part, stop) {
  if (typeof part === "string") return part;
  if (part.kind === "link") return link(part.address, part.text, stop);
  return el(TAGS[part.kind], {}, ...(part.parts?.map((inner) => nodeOf(inner, stop)) ?? [part.text]));
}

export function link(address, text = address, stop = IN_ROW) {
  return el("a", { href: address, target: "_blank", rel: "noopener noreferrer nofollow", ...stop }, text);
}

export function isOnlyEmoji(text) {
  return text.length <= 40 && ONLY_EMOJI.test(text.trim());
}

/** One line that stands for a message: in the chat list, in a reply, in an announcement. */
export function summaryOf(message) {
  if (message.deleted) return gettext("Deleted message");
  if (message.type === "t") return shortened(message.text);
  if (message.type === "p") return gettext("Poll: {question}", { question: message.question });
  const [kind, text] = [titleOf(message), shortened(message.caption ?? "")];
  return text ? gettext("{kind}: {text}", { kind, text }) : kind;
}

const shortened = (text) => plainOf(beginningOf(text, SUMMARY_MAX_CHARS));

const NAMES = { i: gettext("Photo"), v: gettext("Video"), s: gettext("Voice message"), a: gettext("Audio"), d: gettext("File"), l: gettext("Location"), c: gettext("Contact") };

function titleOf({ type, duration_ms: lengthMs, file_name: fileName, name, vcard }) {
  const title = NAMES[type] ?? gettext("Message");
  if (type === "d" || type === "a") return plainName(fileName ?? "") || title;
  const who = type === "c" ? name || cardNameOf(vcard ?? "") : "";
  if (who) return gettext("Contact: {who}", { who });
  return lengthMs && type === "s" ? gettext("Voice message {length}", { length: lengthOf(lengthMs) }) : title;
}

/** What went wrong while a message was kept here. */
export function keepingProblem(error) {
  if (!(error instanceof DOMException)) return error.message;
  if (error.name === "QuotaExceededError") return gettext("This browser has no room left for it, so it was not sent. It is still here: free some space, or send less at once.");
  if (error.name === "NotFoundError" || error.name === "NotReadableError") return gettext("The file was moved, changed or is a folder, so it was not sent. Choose it again.");
  return gettext("This browser cannot keep the message: {problem}", { problem: error.message });
}
