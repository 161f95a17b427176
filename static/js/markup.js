// The signs that people write around words: *bold* _italic_ ~strike~ `code`, three backquotes around lines of code, and addresses.
//
//   parse("see *www.example.org*")  // ["see ", { kind: "bold", parts: [{ kind: "link", text: "www.example.org", address: "https://…" }] }]
//   parseAddresses("*see* …")       // the same without any signs: strings and links
//   plainOf("*now* `x`")            // "now x"
//
// A sign counts where a word begins or ends, so that 2 * 3 * 4 and snake_case_names stay what they are. What is between
// backquotes, and an address, is taken as it is. The time this takes grows with the length of a text, whatever is in it.

const KINDS = { "*": "bold", _: "italic", "~": "strike" };
const FENCE = /```[^\S\n]*\n?([\s\S]*?\S[\s\S]*?)```\n?/gu;
const ADDRESS = String.raw`(?<![\p{L}\p{N}])(?:https?:\/\/[^\s<>"'\u0060]+|www\.[\p{L}\p{N}-]+\.[^\s<>"'\u0060]+)`;
const MAIL = String.raw`(?<![\p{L}\p{N}.+_%@/-])[\p{L}\p{N}+_%-]{1,64}(?:\.[\p{L}\p{N}+_%-]{1,64}){0,8}@(?:[\p{L}\p{N}-]{1,63}\.){1,8}\p{L}{2,24}(?![\p{L}\p{N}@-])`;
const PHONE = String.raw`(?<![\p{L}\p{N}+])\+[1-9](?:[ ./-]?\(?\d\)?){6,14}(?!\d)`;
const LINK = new RegExp(`(?<address>${ADDRESS})|(?<mail>${MAIL})|(?<phone>${PHONE})`, "giu");
const ATOM = new RegExp(String.raw`(?<code>\u0060[^\u0060\n]+\u0060)|${LINK.source}`, "giu");
const AFTER_ADDRESS = ".,;:!?)]}…*_~"; // signs of the sentence, not of the address
const SIGN = /([*_~\n])/u;
const ENDS_AS_WORD = /[\p{L}\p{N}\p{M}]$/u, BEGINS_AS_WORD = /^[\p{L}\p{N}]/u;
const ENDS_AS_SPACE = /\s$/u, BEGINS_AS_SPACE = /^\s/u;

/** The parts of a text: strings, {kind, parts} for bold, italic and strike, {kind, text} for code and block, {kind: "link", text, address}. */
export function parse(text) {
  const parts = [];
  let end = 0;
  for (const found of text.matchAll(FENCE)) {
    parts.push(...parseLines(text.slice(end, found.index)), { kind: "block", text: found[1].replace(/\n$/u, "") });
    end = found.index + found[0].length;
  }
  parts.push(...parseLines(text.slice(end)));
  return parts;
}

/** The addresses in a text that has no signs, such as a title: strings and links. */
export const parseAddresses = (text) => join(atomsIn(text, LINK));

/** A text without its signs, for one line that stands for it. */
export const plainOf = (text) => flat(parse(text));

const flat = (parts) => parts.map((part) => (typeof part === "string" ? part : part.parts ? flat(part.parts) : part.text)).join("");

const parseLines = (text) => join(pair(atomsIn(text)));

/** Words, signs and atoms (code and links) in their order. */
function atomsIn(text, pattern = ATOM) {
  const tokens = [];
  let end = 0;
  for (const found of text.matchAll(pattern)) {
    const atom = atomOf(found);
    if (!atom) continue;
    tokens.push(...split(text.slice(end, found.index)), atom);
    end = found.index + (atom.kind === "code" ? found[0].length : atom.text.length);
  }
  tokens.push(...split(text.slice(end)));
  return tokens;
}

const split = (text) => text.split(SIGN).filter((piece) => piece !== "");

function atomOf({ 0: text, groups }) {
  if (groups.code) return text.slice(1, -1).trim() ? { kind: "code", text: text.slice(1, -1) } : null;
  if (groups.mail) return { kind: "link", text, address: `mailto:${text}` };
  if (groups.phone) return { kind: "link", text, address: `tel:+${text.replace(/\D/gu, "")}` };
  const bare = balanced(text);
  const address = /^www\./iu.test(bare) ? `https://${bare}` : bare;
  return URL.canParse(address) ? { kind: "link", text: bare, address } : null;
}

/** A closing bracket belongs to the sentence unless the address opened one. */
function balanced(address) {
  let end = address.length;
  while (AFTER_ADDRESS.includes(address[end - 1])) end--;
  const bare = address.slice(0, end);
  return address[end] === ")" && bare.includes("(") && !bare.includes(")") ? `${bare})` : bare;
}

/** Put what stands between two equal signs of one line into one part. `tokens`: words, signs and atoms. */
function pair(tokens) {
  const done = [];
  let open = []; // signs that may begin something: {sign, place: in `done`}
  tokens.forEach((token, place) => {
    const before = textOf(tokens[place - 1]);
    const after = textOf(tokens[place + 1]);
    if (token === "\n") open = [];
    if (!(token in KINDS)) return done.push(token);
    const last = open.findLast(({ sign }) => sign === token);
    if (last && last.place < done.length - 1 && !ENDS_AS_SPACE.test(before) && !BEGINS_AS_WORD.test(after)) {
      const parts = done.splice(last.place).slice(1);
      open.length = open.indexOf(last);
      return done.push({ kind: KINDS[token], parts: join(parts) });
    }
    if (!ENDS_AS_WORD.test(before) && !BEGINS_AS_SPACE.test(after) && after !== token && !last) open.push({ sign: token, place: done.length });
    done.push(token);
  });
  return done;
}

/** What stands beside a sign: the end of a text counts as a space, an address or code as a mark. */
const textOf = (token = " ") => (typeof token === "string" ? token : "|");

function join(parts) {
  const joined = [];
  for (const part of parts) {
    if (typeof part === "string" && typeof joined.at(-1) === "string") joined[joined.length - 1] += part;
    else joined.push(part);
  }
  return joined;
}
