// Paints the words that were found in the rows of a conversation, where they stand. Rows are not touched: browsers paint ranges of them.

import { placesOf, wordsOf } from "../found_words.js";

const [ALL, NOW] = ["found", "found-now"]; // ::highlight() in parley.css
const INLINE = ":not(strong, em, s, code, a)"; // what parts no words is inside of this
const NOT_SAID = ".meta, .unseen, .quote, .sender, .forwarded, .upload, .poll-votes, .poll-line";

export class FoundMarks {
  #list;
  #words = new Map(); // seq -> words
  #now = null;
  #observer;

  /** `list`: the node whose children are the rows. */
  constructor(list) {
    this.#list = list;
    this.#observer = new MutationObserver(() => this.#paint()); // rows come and go, and are drawn anew
    this.#observer.observe(list, { childList: true });
  }

  /** Paint what was found of each of these hits, and more strongly of the one that is looked at, a seq. */
  show(hits, query, now) {
    this.#words = new Map(hits.map((hit) => [hit.seq, wordsOf(hit, query)]));
    this.#now = now;
    this.#paint();
  }

  stop() {
    this.#observer.disconnect();
    for (const name of [ALL, NOW]) globalThis.CSS.highlights?.delete(name);
  }

  #paint() {
    if (!globalThis.CSS.highlights) return; // an old browser: the row stands out for a moment
    const ranges = { [ALL]: [], [NOW]: [] };
    for (const row of this.#words.size ? this.#list.children : []) {
      const seq = Number(row.dataset.seq);
      if (this.#words.has(seq)) ranges[seq === this.#now ? NOW : ALL].push(...rangesIn(row, this.#words.get(seq)));
    }
    for (const name of [ALL, NOW]) globalThis.CSS.highlights.set(name, new globalThis.Highlight(...ranges[name]));
  }
}

/** The ranges of words in what a row says: through signs of bold and the like, not from one block into the next. */
function rangesIn(row, words) {
  const texts = [];
  const walker = document.createTreeWalker(row.querySelector(".bubble") ?? row, NodeFilter.SHOW_TEXT);
  let [length, block, text] = [0, null, ""];
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (node.parentElement.closest(NOT_SAID)) continue;
    const own = node.parentElement.closest(INLINE);
    if (own !== block) {
      text += "\n";
      length += 1;
    }
    block = own;
    texts.push({ node, start: length });
    text += node.data;
    length += node.data.length;
  }
  const pointAt = (place) => {
    const { node, start } = texts.findLast(({ start: begin }) => begin <= place);
    return [node, Math.min(place - start, node.data.length)];
  };
  return placesOf(text, words).map(([start, end]) => {
    const range = new Range();
    const [last, offset] = pointAt(end - 1);
    range.setStart(...pointAt(start));
    range.setEnd(last, Math.min(offset + 1, last.data.length));
    return range;
  });
}
