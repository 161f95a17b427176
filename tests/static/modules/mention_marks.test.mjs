// Mentions in a text that is being written: where their words are, counted as the server counts, and who is meant by what is begun.

import assert from "node:assert/strict";
import { test } from "node:test";

import { cleaned, marksOf, matching, mentionsOf, moved, queryAt } from "../../../static/js/mention_marks.js";

/** The words of marks, after one edit after the other: [text, caret]. */
function after(first, words, ...edits) {
  let [text, marks] = [first, words.map(([number, start, end]) => ({ number, start, end }))];
  for (const [next, caret] of edits) {
    marks = moved(marks, text, next, caret);
    text = next;
  }
  return marks.map(({ number, start, end }) => [number, text.slice(start, end)]);
}

test("a mention stays where its words are, and is gone once they differ", () => {
  const ann = [["2", 3, 7]];
  assert.deepEqual(after("Hi @Ann!", ann, ["Hello @Ann!", 5], ["Hello @Ann, you", 15]), [["2", "@Ann"]]);
  assert.deepEqual(after("Hi @Ann!", ann, ["Hi @Anns!", 8]), [["2", "@Ann"]]);
  assert.deepEqual(after("Hi @Ann!", ann, ["Hi (@Ann!", 4]), [["2", "@Ann"]]);
  for (const [text, caret] of [["Hi @An!", 6], ["Hi Ann!", 3], ["Hi @Axnn!", 6], ["Hi @Bob!", 7], ["", 0], ["something else", 14]]) {
    assert.deepEqual(after("Hi @Ann!", ann, [text, caret]), [], text);
  }
});

test("of two mentions with the same words the one that was taken out is gone", () => {
  const twice = [["2", 0, 4], ["3", 4, 8]];
  assert.deepEqual(after("@Ann@Ann", twice, ["@Ann", 0]), [["3", "@Ann"]]);
  assert.deepEqual(after("@Ann@Ann", twice, ["@Ann", 4]), [["2", "@Ann"]]);
});

test("whatever is edited at random, a mark has the words with which it began", () => {
  let seed = 7;
  const random = (most) => (seed = (seed * 48271) % 2147483647) % most;
  for (let round = 0; round < 300; round++) {
    const first = "aa@a b@b@a ";
    const marks = [[0, 2, 4], [1, 6, 8], [2, 8, 10]];
    const edits = [];
    let text = first;
    for (let step = 0; step < 6; step++) {
      const [start, put] = [random(text.length + 1), "a@b ".slice(0, random(4))];
      text = text.slice(0, start) + put + text.slice(start + random(3));
      edits.push([text, random(2) ? start + put.length : random(text.length + 1)]);
    }
    for (const [number, words] of after(first, marks, ...edits)) assert.equal(words, ["@a", "@b", "@a"][number]);
  }
});

test("places are code points of the text as the server stores it, there and back", () => {
  const text = cleaned("\u0001👩🏽‍🚀@Ann\u0000 und\n\t@安\ud83d");
  assert.equal(text, "👩🏽‍🚀@Ann und\n\t@安");
  const marks = [{ number: "3", start: 17, end: 19 }, { number: "2", start: 7, end: 11 }];
  assert.deepEqual(marks.map(({ start, end }) => text.slice(start, end)), ["@安", "@Ann"]);
  const mentions = mentionsOf(text, marks);
  assert.deepEqual(mentions, [{ number: "2", offset: 4, length: 4 }, { number: "3", offset: 14, length: 2 }]);
  assert.deepEqual(marksOf(text, mentions), [marks[1], marks[0]]);
});

test("no more mentions go than the server takes", () => {
  const marks = Array.from({ length: 60 }, (_, place) => ({ number: "2", start: place * 2, end: place * 2 + 2 }));
  assert.equal(mentionsOf("@a".repeat(60), marks).length, 50);
});

test("a name is begun by an @ where a word begins, and not in an address", () => {
  const query = (text, marks = []) => queryAt(text, text.length, marks)?.query;
  assert.equal(query("@"), "");
  assert.equal(query("Hi @an"), "an");
  assert.equal(query("(@ann ba"), "ann ba");
  assert.equal(query("你好@安"), "安");
  assert.equal(query("好＠安"), "安");
  assert.equal(queryAt("@ann and more", 3, []).query, "an");
  for (const text of ["", "ann@example", "5@", "@ ann", "@ann\nb", "@" + "a".repeat(41), "no sign"]) assert.equal(query(text), undefined, text);
  assert.equal(queryAt("@Ann", 0, []), null);
  assert.equal(query("@Ann ba", [{ number: "2", start: 0, end: 4 }]), undefined);
});

test("members are found by a word of their names, without regard to case and accents, or by their number", () => {
  const people = [["491", "Zoë Müller"], ["492", "Anna-Lena Zobel"], ["4930123", "Ömer"], ["494", "أَحمد"]].map(([number, name]) => ({ number, names: [name, ""] }));
  const found = (query) => matching(people, query).map(({ number }) => number);
  assert.equal(found("").length, 4);
  assert.deepEqual(found("zo"), ["491", "492"]);
  assert.deepEqual(found("ZOE m"), ["491"]);
  assert.deepEqual(found("lena"), ["492"]);
  assert.deepEqual(found("omer"), ["4930123"]);
  assert.deepEqual(found("احمد"), ["494"]);
  assert.deepEqual(found("+4930"), ["4930123"]);
  for (const query of ["49", "oe", "zoe x", "omer ", "!"]) assert.deepEqual(found(query), [], query);
});
