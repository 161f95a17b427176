// Words that were found stand out wherever they stand; and the search in a chat leads from one hit to the next.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ChatSearch } from "../../../static/js/chat_search.js";
import { placesOf, wordsOf } from "../../../static/js/found_words.js";

const marked = (text, ...words) => placesOf(text, words).map(([start, end]) => text.slice(start, end));
const hits = (...seqs) => seqs.map((seq) => ({ chat: 7, seq, message: { seq } }));

/** A server that answers each search when it is told to. */
function heldServer() {
  const asked = [];
  const ask = (body) => new Promise((resolve, reject) => asked.push({ body, resolve, reject }));
  return { asked, search: new ChatSearch({ ask, chat: 7 }) };
}

test("words are found by their beginnings, in any case and with any accents", () => {
  assert.deepEqual(marked("We met at the CAFÉ, the decaf café", "caf"), ["CAF", "caf"]);
  assert.deepEqual(marked("Straße ｌｕｎｃｈ Ångström", "STRASS", "lunch", "angstrom"), ["Straß", "ｌｕｎｃｈ", "Ångström"]);
  assert.deepEqual(marked("Русский и мой", "и"), ["и"]);
  assert.deepEqual(marked("كِتَاب كتاب", "كتاب"), ["كِتَاب", "كتاب"]);
});

test("scripts without spaces and emoji are found anywhere, and what touches is one place", () => {
  assert.deepEqual(marked("今日は東京都です", "東京", "京都"), ["東京都"]);
  assert.deepEqual(marked("go👍🏽go", "👍"), ["👍🏽"]);
  assert.deepEqual(marked("nothing", "", "…"), []);
});

test("what is looked for stands out too where the snippet ends before it", () => {
  assert.deepEqual(wordsOf({ snippet: "🍝 Café…", ranges: [[2, 5]] }, "caf + müller"), ["Caf", "caf", "müller"]);
});

test("the newest hit comes first, and what is older is read where the known ones end", async () => {
  const { asked, search } = heldServer();
  const looking = search.look({ query: "lunch", from: "49", kind: "" });
  assert.deepEqual(asked[0].body, { query: "lunch", chat: 7, limit: 50, from: "49" });
  asked[0].resolve({ hits: [], next: "a" });
  await new Promise(setImmediate);
  asked[1].resolve({ hits: hits(9, 8), next: "b" });
  await looking;
  assert.deepEqual([search.hit.seq, search.place, search.hasMore], [9, 0, true]);
  await search.step(-1);
  assert.equal(search.hit.seq, 9);
  await search.step(1);
  assert.equal(search.hit.seq, 8);
  const stepping = search.step(1);
  assert.equal(asked[2].body.before, "b");
  asked[2].resolve({ hits: hits(2), next: null });
  await stepping;
  await search.step(1);
  assert.deepEqual([search.hit.seq, search.place, search.hasMore], [2, 2, false]);
});

test("an answer that comes after the next question counts nothing, whether it is hits or a failure", async () => {
  const { asked, search } = heldServer();
  const first = search.look({ query: "lunch" });
  const second = search.look({ query: "dinner" });
  const third = search.look({ query: "supper" });
  asked[2].resolve({ hits: hits(3), next: null });
  await third;
  asked[0].resolve({ hits: hits(1), next: "a" });
  asked[1].reject(new Error("late"));
  await Promise.all([first, second]);
  assert.deepEqual([search.hits.map(({ seq }) => seq), search.hasMore, search.error], [[3], false, null]);
  await search.look({ query: "s" });
  assert.deepEqual([search.isOn, search.hits, asked.length], [false, [], 3]);
});
