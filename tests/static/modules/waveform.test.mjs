// How loud a recording is: any number of bytes becomes bars.

import assert from "node:assert/strict";
import { test } from "node:test";

import { drawingOf, levelsOf } from "../../../static/js/waveform.js";

const of = (...bytes) => btoa(String.fromCharCode(...bytes));

test("each bar is as high as the loudest of its part", () => {
  assert.deepEqual(levelsOf(of(0, 255, 51, 0), 2), [1, 0.2]);
  assert.equal(levelsOf(of(...Array(64).fill(255)), 48).length, 48);
  assert.ok(levelsOf(of(...Array(64).fill(255)), 48).every((level) => level === 1));
  assert.equal(levelsOf(of(1, 2, 3), 48).length, 3);
});

test("without a loudness, and with what is none, there is one plain bar", () => {
  for (const none of [undefined, null, "", "no base64!"]) {
    assert.equal(levelsOf(none, 48), null);
    assert.equal(drawingOf(levelsOf(none, 48), 48).path.match(/M/g).length, 1);
  }
});

test("silence is drawn, too", () => {
  const { path } = drawingOf(levelsOf(of(...Array(48).fill(0)), 48), 48);
  assert.equal(path.match(/M/g).length, 48);
  assert.ok(path.includes("v3h"));
});
