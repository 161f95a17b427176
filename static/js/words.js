// What texts are made of, by the rules of the server: what counts as blank, and where a text may be cut.

const VISIBLE = /[^\s\p{Default_Ignorable_Code_Point}\p{Cc}\u2800]/u;
const clusters = new Intl.Segmenter("en", { granularity: "grapheme" });

/** Whether nothing of a text can be seen. */
export const isBlank = (text) => !VISIBLE.test(text);

/** How many characters a text is longer than allowed, counted as the server counts: negative for how many are left. */
export function excessOf(text, maxChars) {
  return text.length <= maxChars ? text.length - maxChars : [...text].length - maxChars; // counting halves first spares a count of all
}

/** The beginning of a text, cut between what is seen as characters: never inside a flag or a family. */
export function beginningOf(text, maxChars) {
  if (text.length <= maxChars) return text;
  let end = 0;
  for (const { index, segment } of clusters.segment(text.slice(0, maxChars + 64))) {
    if (index + segment.length > maxChars) break;
    end = index + segment.length;
  }
  return text.slice(0, end || maxChars);
}

/** What is seen as the first character. */
export function initialOf(text) {
  for (const { segment } of clusters.segment(text)) return segment;
  return "";
}
