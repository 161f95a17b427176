// Which photos are drawn anew before they are sent, and what a file becomes as a message.

import assert from "node:assert/strict";
import { test } from "node:test";

import { limitOf, typeOf } from "../../../static/js/attachables.js";
import { isRedrawn, read, within } from "../../../static/js/pictures.js";
import { waveformOf } from "../../../static/js/recorder.js";

const PLAIN = { mimeType: "image/jpeg", width: 800, height: 600, bytes: 90_000, isMoving: false, isTurned: false, hasPlace: false };

test("a small photo that names no place goes as it is", () => {
  assert.equal(isRedrawn(PLAIN), false);
  assert.equal(isRedrawn({ ...PLAIN, mimeType: "image/png" }), false);
});

test("a photo is drawn anew when it is large, turned, names a place, or is of a kind that not everybody can see", () => {
  for (const facts of [{ width: 4000 }, { height: 2049 }, { bytes: 3_000_000 }, { isTurned: true }, { hasPlace: true }, { mimeType: "image/heic" }, { mimeType: "image/webp" }, { mimeType: "image/bmp" }]) {
    assert.equal(isRedrawn({ ...PLAIN, ...facts }), true, JSON.stringify(facts));
  }
});

test("a picture that moves goes as it is, however large", () => {
  assert.equal(isRedrawn({ ...PLAIN, mimeType: "image/gif", width: 4000 }), false);
  assert.equal(isRedrawn({ ...PLAIN, mimeType: "image/webp", isMoving: true }), false);
});

test("a photo keeps its shape when it is made smaller", () => {
  assert.deepEqual(within(4096, 3072), { width: 2048, height: 1536 });
  assert.deepEqual(within(300, 6000), { width: 102, height: 2048 });
  assert.deepEqual(within(10, 20), { width: 10, height: 20 });
  assert.deepEqual(within(1, 100_000), { width: 1, height: 2048 });
});

/** A JPEG up to its pixels, with Exif of these entries: [tag, value]. */
function jpegWith(entries, isLittle = false) {
  const exif = new DataView(new ArrayBuffer(8 + 2 + 12 * entries.length + 4));
  exif.setUint16(0, isLittle ? 0x4949 : 0x4d4d);
  exif.setUint16(2, 42, isLittle);
  exif.setUint32(4, 8, isLittle);
  exif.setUint16(8, entries.length, isLittle);
  entries.forEach(([tag, value], place) => {
    exif.setUint16(10 + 12 * place, tag, isLittle);
    exif.setUint16(12 + 12 * place, 3, isLittle);
    exif.setUint32(14 + 12 * place, 1, isLittle);
    exif.setUint16(18 + 12 * place, value, isLittle);
  });
  const length = 2 + 6 + exif.byteLength;
  return Uint8Array.from([0xff, 0xd8, 0xff, 0xe1, length >> 8, length & 255, ...Buffer.from("Exif\0\0"), ...new Uint8Array(exif.buffer), 0xff, 0xda, 0, 2]);
}

test("a JPEG says whether it is turned and whether it names a place, in either order of bytes", () => {
  for (const isLittle of [false, true]) {
    assert.deepEqual(read(jpegWith([[0x0112, 1]], isLittle)), { isMoving: false, isTurned: false, hasPlace: false });
    assert.deepEqual(read(jpegWith([[0x0112, 6]], isLittle)), { isMoving: false, isTurned: true, hasPlace: false });
    assert.deepEqual(read(jpegWith([[0x010f, 1], [0x8825, 26]], isLittle)), { isMoving: false, isTurned: false, hasPlace: true });
  }
});

test("a JPEG that is cut or broken anywhere is read as far as it goes", () => {
  const whole = jpegWith([[0x8825, 26], [0x0112, 6]]);
  for (let end = 0; end < whole.length; end++) read(whole.slice(0, end));
  for (let place = 2; place < whole.length; place++) read(whole.with(place, 0xff));
});

test("a place in XMP is found, too", () => {
  const xmp = Buffer.from('http://ns.adobe.com/xap/1.0/\0<x exif:GPSLatitude="52,31N"/>'.replace("GPSLatitude", "GPSL"));
  const bytes = Uint8Array.from([0xff, 0xd8, 0xff, 0xe1, 0, xmp.length + 2, ...xmp, 0xff, 0xda, 0, 2]);
  assert.equal(read(bytes).hasPlace, true);
});

const file = (name, type = "") => ({ name, type });

test("a file becomes what it is, by its type or else by its ending", () => {
  assert.equal(typeOf(file("a.jpg", "image/jpeg")), "i");
  assert.equal(typeOf(file("IMG_1.HEIC")), "i");
  assert.equal(typeOf(file("a", "video/webm;codecs=vp9")), "v");
  assert.equal(typeOf(file("a.mp3", "audio/mpeg")), "a");
  assert.equal(typeOf(file("a.pdf", "application/pdf")), "d");
  assert.equal(typeOf(file("a.svg", "image/svg+xml")), "d");
  assert.equal(typeOf(file("noextension")), "d");
});

test("what is chosen as a file goes as it is, and sound is heard all the same", () => {
  assert.equal(typeOf(file("a.jpg", "image/jpeg"), { isFile: true }), "d");
  assert.equal(typeOf(file("a.mp3", "audio/mpeg"), { isFile: true }), "a");
});

test("limits are those of the server, unknown before it has said them, and none for what it does not take", () => {
  const limits = { image_max_bytes: 5, audio_max_bytes: 6, video_max_bytes: 7 };
  assert.deepEqual(["i", "s", "a", "v", "d"].map((type) => limitOf(type, limits)), [5, 6, 6, 7, null]);
  assert.equal(limitOf("d", {}), Infinity);
});

test("a waveform is 64 loudnesses, of however many levels", () => {
  for (const count of [0, 1, 63, 64, 65, 5000]) {
    const bars = Buffer.from(waveformOf(Array.from({ length: count }, () => 0.5)), "base64");
    assert.equal(bars.length, 64);
    assert.ok(bars.every((bar) => bar === (count ? 128 : 0)));
  }
  const rising = Buffer.from(waveformOf(Array.from({ length: 640 }, (_, place) => place / 639)), "base64");
  assert.deepEqual([...rising], [...rising].sort((one, other) => one - other));
  assert.equal(rising[63], 255);
});
