// The square of a picture that becomes a photo: always inside the picture, whatever is dragged and zoomed.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Square } from "../../../static/js/square.js";

test("at first it is the middle of the picture, as large as fits", () => {
  assert.deepEqual(new Square(4000, 3000).box, { left: 500, top: 0, side: 3000 });
  assert.deepEqual(new Square(300, 900).box, { left: 0, top: 300, side: 300 });
});

test("it is moved by parts of its own side, and stops at the edge", () => {
  const square = new Square(4000, 3000);
  square.moveBy(0.1, 0);
  assert.deepEqual(square.box, { left: 800, top: 0, side: 3000 });
  square.moveBy(5, -5);
  assert.deepEqual(square.box, { left: 1000, top: 0, side: 3000 });
});

test("zoomed, the point under the pointer stays where it is", () => {
  const square = new Square(1000, 1000);
  square.zoomTo(2, 0.25, 0.75);
  const { left, top, side } = square.box;
  assert.deepEqual([left + side * 0.25, top + side * 0.75], [250, 750]);
});

test("zoomed out again at an edge, it is inside the picture", () => {
  const square = new Square(1000, 500);
  square.zoomTo(4);
  square.moveBy(20, 20);
  square.zoomTo(1);
  assert.deepEqual(square.box, { left: 500, top: 0, side: 500 });
});

test("it is never larger than the picture nor smaller than a preview", () => {
  const square = new Square(400, 192);
  square.zoomBy(0.1);
  assert.equal(square.side, 192);
  square.zoomBy(100);
  assert.equal(square.side, 96);
  const tiny = new Square(40, 40);
  tiny.zoomBy(3);
  assert.equal(tiny.side, 40);
});
