// Reads a contact card as phones and programs write it (vCard 2.1, 3.0 and 4.0). Pure, and tolerant: what it cannot read it leaves out.
//
//   readCard(text)    // { name, organization, numbers: [{ text, digits }], more }; digits: the whole number, or null where it has no country code

import { TURNING } from "./files.js";
import { foldDigits } from "./digits.js";
import { beginningOf } from "./words.js";

const READ_MAX_CHARS = 160 * 1024; // as much as a message holds
const LINES_MAX = 2000;
const VALUE_MAX_CHARS = 1000;
const NAME_MAX_CHARS = 100, NUMBER_MAX_CHARS = 40;
const DIGITS_MIN = 3; // fewer are no number
const NUMBERS_MAX = 5; // more are only counted
const COUNTED_MAX = 99;
const KNOWN_MAX = 100;
const READ = new Set(["FN", "N", "ORG", "TEL"]);
const known = new Map(); // cards are asked for at each drawing

export function readCard(text) {
  if (!known.has(text)) known.set(text, read(text));
  if (known.size > KNOWN_MAX) known.delete(known.keys().next().value);
  return known.get(text);
}

function read(text) {
  const found = { FN: "", N: "", ORG: "" };
  const numbers = new Map(); // as written -> { text, digits }
  let count = 0;
  for (const { name, params, value } of properties(text)) {
    if (name === "TEL") {
      const number = numberOf(value, params);
      if (!number || numbers.has(number.digits ?? number.text)) continue;
      if ((count += 1) > COUNTED_MAX) break;
      if (numbers.size < NUMBERS_MAX) numbers.set(number.digits ?? number.text, number);
    } else if (!found[name]) {
      found[name] = name === "N" ? nameOf(value) : plain(split(value).filter(Boolean).join(", "), NAME_MAX_CHARS);
    }
  }
  return { name: found.FN || found.N, organization: found.ORG, numbers: [...numbers.values()], more: count - numbers.size };
}

/** The lines that are of use, unfolded and decoded. */
function* properties(text) {
  const lines = text.slice(0, READ_MAX_CHARS).replace(/\r\n?/g, "\n").replace(/\n[ \t]/g, "").split("\n", LINES_MAX);
  for (let place = 0; place < lines.length; place++) {
    const colon = colonOf(lines[place]);
    if (colon < 0) continue;
    const [head, ...params] = lines[place].slice(0, colon).split(";");
    const name = head.slice(head.lastIndexOf(".") + 1).trim().toUpperCase(); // "item1.TEL"
    if (!READ.has(name)) continue;
    let value = lines[place].slice(colon + 1);
    if (params.some((one) => /QUOTED-PRINTABLE/i.test(one))) {
      while (value.endsWith("=") && place + 1 < lines.length) value = value.slice(0, -1) + lines[++place];
      value = unquoted(value.slice(0, 3 * VALUE_MAX_CHARS));
    }
    yield { name, params, value: value.slice(0, VALUE_MAX_CHARS) };
  }
}

/** Where the value begins: at the first colon outside of quotes. */
function colonOf(line) {
  let isQuoted = false;
  for (let place = 0; place < line.length && place < 1000; place++) {
    if (line[place] === '"') isQuoted = !isQuoted;
    else if (line[place] === ":" && !isQuoted) return place;
  }
  return -1;
}

function unquoted(value) {
  const bytes = [];
  const given = new TextEncoder().encode(value);
  for (let place = 0; place < given.length; place++) {
    const code = given[place] === 61 ? parseInt(String.fromCharCode(given[place + 1], given[place + 2]), 16) : NaN;
    bytes.push(Number.isNaN(code) ? given[place] : code);
    if (!Number.isNaN(code)) place += 2;
  }
  return new TextDecoder().decode(new Uint8Array(bytes));
}

/** The parts of a value between semicolons, without their escapes. */
function split(value) {
  const parts = [""];
  for (let place = 0; place < value.length; place++) {
    const letter = value[place];
    if (letter === ";") parts.push("");
    else if (letter !== "\\" || place + 1 === value.length) parts[parts.length - 1] += letter;
    else parts[parts.length - 1] += /n/i.test(value[++place]) ? " " : value[place];
  }
  return parts.map((part) => part.trim());
}

/** "family;given;further;before;after" as one says it. */
function nameOf(value) {
  const [family, given, further, before, after] = split(value);
  return plain([before, given, further, family, after].filter(Boolean).join(" "), NAME_MAX_CHARS);
}

function numberOf(value, params) {
  const written = plain(split(value.replace(/^\s*tel:/i, ""))[0], NUMBER_MAX_CHARS);
  if ((written.match(/\p{Nd}/gu)?.length ?? 0) < DIGITS_MIN) return null;
  const own = params.map((one) => /^waid=(\d{6,15})$/i.exec(one)?.[1]).find(Boolean); // as some write it beside a local spelling
  const [, digits] = /^(?:\+|00)(\d{6,15})$/.exec(foldDigits(written.replace("(0)", ""))) ?? [];
  return { text: written, digits: own ?? digits ?? null };
}

const plain = (text, max) => beginningOf(text.replace(TURNING, " ").replace(/\s+/g, " ").trim(), max);
