// What texts are made of, by the rules of the server: what counts as blank, where a text may be cut, what one emoji is, and the order of names.

const VISIBLE = /[^\s\p{Default_Ignorable_Code_Point}\p{Cc}\u2800]/u;
const DRAWN = /\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20E3/u;
const clusters = new Intl.Segmenter("en", { granularity: "grapheme" });

/** Whether nothing of a text can be seen. */
export const isBlank = (text) => !VISIBLE.test(text);

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

/** Whether a text is one emoji, as far as that can be told without the list that the server has. */
export const isOneEmoji = (text) => text !== "" && initialOf(text) === text && DRAWN.test(text);

/** For `sort`: names in the order of the server's lists, which knows no language. */
export const byName = new Intl.Collator("en").compare;
