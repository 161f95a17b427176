// What texts are made of: the page judges them as the server does.

import assert from "node:assert/strict";
import { test } from "node:test";

import { beginningOf, initialOf, isBlank, excessOf } from "../../../static/js/words.js";

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

test("a text is as long as the server counts it: an emoji is one", () => {
  assert.equal(excessOf("abc", 3), 0);
  assert.equal(excessOf("abcd", 3), 1);
  assert.equal(excessOf("😀".repeat(3), 3), 0);
  assert.equal(excessOf("😀".repeat(4), 3), 1);
  assert.equal(excessOf("", 3), -3);
});
