// Texts in which members of a chat are mentioned: their names stand out.

import { el } from "./dom.js";
import { formatted, formattedWith } from "./texts.js";

const FIRST = 0xe000; // of the characters that stand for mentions while the signs around words are read; no script has them
const MOST = 50;
const HELD = /([\ue000-\ue031])/u;

/** As `formatted`, with the parts of a text in bold that mean somebody: {account, offset, length}, in code points. `me`: an account. */
export function withMentions(text, mentions, me) {
  const letters = [...text];
  if (HELD.test(text) || mentions.length > MOST || mentions.some(({ offset, length }) => offset + length > letters.length)) return formatted(text);
  const names = mentions.map(({ offset, length }) => letters.slice(offset, offset + length).join(""));
  for (const [place, { offset, length }] of [...mentions.entries()].reverse()) letters.splice(offset, length, String.fromCharCode(FIRST + place));
  const placeOf = (held) => held.charCodeAt(0) - FIRST;
  const plain = (part) => part.split(HELD).map((piece) => (HELD.test(piece) ? names[placeOf(piece)] : piece)).join("");
  const draw = (part) => part.split(HELD).filter(Boolean).map((piece) => (HELD.test(piece) ? el("strong.mention", { class: mentions[placeOf(piece)].account === me ? "mention is-me" : "mention", dir: "auto" }, names[placeOf(piece)]) : piece));
  return formattedWith(letters.join(""), draw, plain);
}
