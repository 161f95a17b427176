// A picture in a frame: what is under the finger stays there, and the picture never leaves the frame.

import assert from "node:assert/strict";
import { test } from "node:test";

import { moved, SCALE_MAX, WHOLE, zoomed } from "../../../static/js/zoom.js";

const sizes = { frame: { width: 400, height: 800 }, picture: { width: 400, height: 300 } };
const seenAt = (view, point) => ({ x: (point.x - view.x) / view.scale, y: (point.y - view.y) / view.scale });

test("what is under the finger stays there", () => {
  const point = { x: 120, y: 40 };
  const view = zoomed(WHOLE, 4, point, sizes);
  assert.equal(view.scale, 4);
  assert.deepEqual(seenAt(view, point), seenAt(WHOLE, point));
  const more = zoomed(view, 6, { x: -50, y: 10 }, sizes);
  assert.deepEqual(seenAt(more, { x: -50, y: 10 }), seenAt(view, { x: -50, y: 10 }));
});

test("a picture is moved as far as it is larger than its frame", () => {
  const view = zoomed(WHOLE, 2, { x: 0, y: 0 }, sizes);
  assert.deepEqual(moved(view, { x: 1000, y: 1000 }, sizes), { scale: 2, x: 200, y: 0 }); // 600 high in a frame of 800
  assert.deepEqual(moved(view, { x: -1000, y: -5 }, sizes), { scale: 2, x: -200, y: 0 });
});

test("it is never smaller than whole, and never larger than makes sense", () => {
  assert.equal(zoomed(WHOLE, 0.2, { x: 5, y: 5 }, sizes).scale, 1);
  assert.equal(zoomed(WHOLE, 1e9, { x: 5, y: 5 }, sizes).scale, SCALE_MAX);
  const back = zoomed(zoomed(WHOLE, 5, { x: 190, y: 100 }, sizes), 1, { x: 0, y: 0 }, sizes);
  assert.deepEqual(back, WHOLE);
});
