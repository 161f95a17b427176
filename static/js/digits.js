// Digits as people write and paste them: of numbers, of codes, of cards.

// What may stand between digits and is none: marks that nobody sees, spaces, dashes of all kinds, points, slashes, brackets.
const BETWEEN = /[\p{Cf}\p{DI}\p{Zs}\p{Pd}\u2800\u2212\u02d7\u2043\u30fc\u2053\u223c\u00b7\u2022\u2027\u2219\u22c5\u30fb\s./()[\]~]/gu;
const DIGIT = /\p{Nd}/u;

/** A text in its shortest spelling: digits of any script as 0 to 9, and nothing between them. */
export function foldDigits(text) {
  return [...text.normalize("NFKC").replace(BETWEEN, "")].map((one) => (DIGIT.test(one) ? valueOf(one) : one)).join("");
}

/** The digits of a script follow each other from its zero, ten by ten. */
function valueOf(digit) {
  let zero = digit.codePointAt(0);
  while (DIGIT.test(String.fromCodePoint(zero - 1))) zero -= 1;
  return String((digit.codePointAt(0) - zero) % 10);
}
