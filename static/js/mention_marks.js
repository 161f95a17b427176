// The parts of a text that is being written which mean members of a chat: each stays where its words are, and is gone once they differ.
//
//   let marks = [{ number: "4930…", start: 0, end: 4 }];   // places as fields of text count them
//   marks = moved(marks, "@Ann?", "Hey @Ann?", 4);           // [{ number, start: 4, end: 8 }]; 4: where the caret is now
//   mentionsOf("Hey @Ann?", marks)                           // [{ number, offset, length }] in code points, as in docs/protocol.md
//   marksOf("Hey @Ann?", mentions)                           // and back
//   queryAt("Hey @an", 7, [])                                // { start: 4, query: "an" }; null where nobody is being mentioned

const MENTIONS_MAX = 50;
// What the server takes out of a text, in models/documents/plain_line.py, before it counts.
const REMOVED = /[\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]/gu;
const QUERY_MAX_CHARS = 40;
const IN_A_WORD = /[\p{Script=Latin}\p{N}_+%/-]$/u; // as in an address of mail; other scripts do without spaces

/** Marks after a text was edited. `caret` tells where, in a text like "aaa" in which an "a" is new. */
export function moved(marks, before, after, caret = after.length) {
  if (!marks.length || before === after) return marks;
  const { ahead, behind } = sameOf(before, after, caret);
  const [end, by] = [before.length - behind, after.length - before.length];
  return marks.flatMap((mark) => {
    if (mark.end <= ahead) return [mark];
    return mark.start >= end ? [{ ...mark, start: mark.start + by, end: mark.end + by }] : [];
  });
}

/** How many characters two texts have in common at their beginnings and, of the rest, at their ends. */
function sameOf(before, after, caret) {
  const most = Math.min(before.length, after.length);
  const count = (limit) => {
    let [ahead, behind] = [0, 0];
    while (behind < limit && before.at(-1 - behind) === after.at(-1 - behind)) behind += 1;
    while (ahead < most - behind && before[ahead] === after[ahead]) ahead += 1;
    return { ahead, behind };
  };
  const atCaret = count(Math.min(most, Math.max(0, after.length - caret)));
  return atCaret.ahead + atCaret.behind === most ? atCaret : count(most); // else the caret is not where the edit was
}

/** A text as the server stores it, but for line breaks. */
export const cleaned = (text) => text.replace(REMOVED, "");

export function mentionsOf(text, marks) {
  const count = (start, end) => [...text.slice(start, end)].length;
  const sorted = [...marks].sort((one, other) => one.start - other.start).slice(0, MENTIONS_MAX);
  return sorted.map(({ number, start, end }) => ({ number, offset: count(0, start), length: count(start, end) }));
}

export function marksOf(text, mentions = []) {
  const letters = [...text];
  const placeOf = (count) => letters.slice(0, count).join("").length;
  return mentions.map(({ number, offset, length }) => ({ number, start: placeOf(offset), end: placeOf(offset + length) }));
}

/** The name that is begun before the caret, behind an "@" that stands where a word begins. */
export function queryAt(text, caret, marks) {
  if (!caret) return null;
  const start = Math.max(text.lastIndexOf("@", caret - 1), text.lastIndexOf("\uff20", caret - 1));
  const query = text.slice(start + 1, caret);
  const isName = start >= 0 && query.length <= QUERY_MAX_CHARS && !/^\s|\n/u.test(query) && !IN_A_WORD.test(text.slice(Math.max(0, start - 2), start));
  return isName && !marks.some((mark) => mark.start <= start && start < mark.end) ? { start, query } : null;
}

/** A text by which names are compared: case, accents and the signs between words make no difference. */
const folded = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ");
const NUMBER_MIN_DIGITS = 3; // fewer are in every number

/** Those of `people` ({number, names}) of whom a name has a word that begins so, or whose number has these digits; first whose name begins so. */
export function matching(people, query) {
  if (!query) return people;
  const [text, digits] = [folded(query), query.replace(/\D/g, "")];
  const isNumber = digits.length >= NUMBER_MIN_DIGITS && /^[+\d\s()./-]+$/.test(query);
  const rankOf = ({ number, names }) => {
    const whole = names.map((name) => folded(name).trimStart());
    if (text.trim() && whole.some((name) => name.startsWith(text))) return 0;
    if (text.trim() && whole.some((name) => ` ${name}`.includes(` ${text}`))) return 1;
    return isNumber && number.includes(digits) ? 2 : 3;
  };
  return people.map((person) => [rankOf(person), person]).filter(([rank]) => rank < 3).sort(([one], [other]) => one - other).map(([, person]) => person);
}

/** A message that was refused because it mentions somebody who is not in the chat, without those who are not; where that is nobody, without mentions. */
export function withoutAbsent(body, members) {
  const left = body.mentions.filter(({ number }) => members.includes(number));
  return { ...body, mentions: left.length && left.length < body.mentions.length ? left : undefined };
}
