// What texts are made of: the page judges them as the server does.

import assert from "node:assert/strict";
import { test } from "node:test";

import { beginningOf, byName, initialOf, isBlank, isOneEmoji } from "../../../static/js/words.js";

test("what cannot be seen is blank", () => {
  for (const text of ["", " \n", "\u200B", "\u2800", "\u3164\uFFA0\u115F", "\uFE0F", "\u00AD\u034F", "\u{E0041}", "\u0007"]) assert.equal(isBlank(text), true, JSON.stringify(text));
  for (const text of ["a", " . ", "\u200B👍", "ـ"]) assert.equal(isBlank(text), false, JSON.stringify(text));
});

test("a text is cut between what is seen as characters", () => {
  assert.equal(beginningOf("ab🇩🇪🇫🇷", 7), "ab🇩🇪");
  assert.equal(beginningOf("👩‍👩‍👧x", 5), "👩‍👩‍👧".slice(0, 5)); // longer than all there is room for
  assert.equal(beginningOf("xe\u0301", 2), "x");
  assert.equal(beginningOf("short", 200), "short");
  assert.equal(initialOf("e\u0301a"), "e\u0301");
});

test("a reaction is one emoji, and no word", () => {
  for (const text of ["👍", "👍\uFE0F", "👍🏽", "❤", "🇩🇪", "👩‍👩‍👧‍👦", "1\uFE0F\u20E3"]) assert.equal(isOneEmoji(text), true, text);
  for (const text of ["", "lol", "1", "👍👍", "👍 ", "x👍"]) assert.equal(isOneEmoji(text), false, text);
});

test("names stand in the order of a telephone book", () => {
  assert.deepEqual(["Zoë", "emil", "Łukasz", "Émile", "Emil", "O'Neil", "Lena", "Анна"].sort(byName), ["emil", "Emil", "Émile", "Lena", "Łukasz", "O'Neil", "Zoë", "Анна"]);
});
