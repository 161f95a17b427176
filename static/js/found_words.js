// Where the words that a search found stand in a text, which may look otherwise: in upper case, with accents, in bold.
//
//   wordsOf({ snippet: "We meet at the Café", ranges: [[15, 18]] }, "caf")   // ["Caf", "caf"]
//   placesOf("Café, café!", ["caf"])                                         // [[0, 3], [6, 9]], in UTF-16 units
//
// The server says what is found, and this only where to paint it, by the same rules: words of scripts with spaces by their beginning,
// others and emoji anywhere (docs/protocol.md, "Search").

const TOKEN = /\p{Extended_Pictographic}(?:\u200d?[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])*|[\p{L}\p{M}\p{N}]+/gu;
const IN_WORD = /[\p{L}\p{M}\p{N}]/u;
// Scripts whose words are not parted by spaces.
const UNSPACED = /[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3031-\u3035\u3040-\u30ff\u3100-\u318f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7ff\uf900-\ufaff\u{20000}-\u{3ffff}]/u;
// Accents of Latin, Greek and Cyrillic letters (but й is no и), and vowel signs of Hebrew and Arabic.
const ACCENTS = /(?<!\u0438)\u0306|[\u0300-\u0305\u0307-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed]/gu;
const UNSEEN = /[\u00ad\u034f\u061c\u0640\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\u{1f3fb}-\u{1f3ff}]/gu;
const LETTERS = { ß: "ss", ς: "σ", ł: "l", ø: "o", đ: "d", ħ: "h", ŧ: "t", ı: "i", æ: "ae", œ: "oe" };
const segmenter = globalThis.Intl?.Segmenter ? new Intl.Segmenter(undefined, { granularity: "grapheme" }) : null;

/** What was found of a hit, as it is written there, and what was looked for. Places in the snippet are counted in code points. */
export function wordsOf({ snippet, ranges }, query) {
  const letters = [...snippet];
  return [...new Set([...ranges.map(([start, end]) => letters.slice(start, end).join("")), ...(query.match(TOKEN) ?? [])])];
}

/** [start, end] of each of these words in a text, ascending and apart from each other. */
export function placesOf(text, words) {
  const { folded, starts, ends } = mapped(text);
  const found = [];
  for (const word of new Set(words.map((one) => mapped(one).folded).filter(Boolean))) {
    for (let at = folded.indexOf(word); at >= 0; at = folded.indexOf(word, at + 1)) {
      if (begins(folded, at)) found.push([starts[at], ends[at + word.length - 1]]);
    }
  }
  return merged(found.sort(([one], [other]) => one - other));
}

/** Whether something may be found there: at the beginning of a word, and anywhere in a script without spaces. */
function begins(folded, at) {
  if (at === 0 || !IN_WORD.test(letterAt(folded, at)) || UNSPACED.test(letterAt(folded, at))) return true;
  const before = [...folded.slice(Math.max(0, at - 2), at)].at(-1);
  return !IN_WORD.test(before) || UNSPACED.test(before);
}

const letterAt = (text, at) => String.fromCodePoint(text.codePointAt(at));

/** The folded text, and for each of its units where that which it comes from begins and ends. */
function mapped(text) {
  let folded = "";
  const [starts, ends] = [[], []];
  for (const { segment, index } of segmenter ? segmenter.segment(text) : lettersOf(text)) {
    const part = fold(segment);
    folded += part;
    for (let count = 0; count < part.length; count++) {
      starts.push(index);
      ends.push(index + segment.length);
    }
  }
  return { folded, starts, ends };
}

const fold = (part) => part.normalize("NFKC").toLowerCase().normalize("NFD").replace(ACCENTS, "").normalize("NFC").replace(UNSEEN, "").replace(/[ßςłøđħŧıæœ]/gu, (letter) => LETTERS[letter]);

function* lettersOf(text) {
  let index = 0;
  for (const segment of text) {
    yield { segment, index };
    index += segment.length;
  }
}

function merged(places) {
  const done = [];
  for (const [start, end] of places) {
    const last = done.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else done.push([start, end]);
  }
  return done;
}
