// Photos made ready to be sent: upright, no larger than a screen shows, and without the place where they were taken.
//
//   const { blob, name, width, height } = await prepare(file);      // the file itself where nothing is to be done, or can be
//
// Redrawing a photo leaves all its metadata behind. What says nothing of a place and is small goes as it is, and so do pictures that
// move or that one sees through.

import { endingOf, mimeTypeOf } from "./attachables.js";

export const SIDE_MAX_PX = 2048;
const QUALITY = 0.85;
const HEAD_BYTES = 256 * 1024; // of a file: metadata stands before the pixels
const PHOTO_MAX_BYTES = 2_000_000; // what is more is worth drawing once more, whatever its size in pixels
const SHOWN_EVERYWHERE = new Set(["image/jpeg", "image/png", "image/gif"]);
const GPS = 0x8825, ORIENTATION = 0x0112;

/** The size within SIDE_MAX_PX. */
export function within(width, height) {
  const scale = Math.min(1, SIDE_MAX_PX / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** Whether a picture is drawn anew. `facts`: those of `read`, and its size in pixels and bytes. */
export function isRedrawn({ mimeType, width, height, bytes, isMoving, isTurned, hasPlace }) {
  if (isMoving || mimeType === "image/gif") return false;
  const isLarge = Math.max(width, height) > SIDE_MAX_PX || bytes > PHOTO_MAX_BYTES;
  return isLarge || isTurned || hasPlace || !SHOWN_EVERYWHERE.has(mimeType);
}

/** What the beginning of a file says: {isMoving, isTurned, hasPlace}. */
export function read(bytes) {
  const text = (start, length) => String.fromCharCode(...bytes.subarray(start, start + length));
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return { isMoving: false, ...readJpeg(bytes, text) };
  if (text(1, 3) === "PNG") return { isMoving: has(bytes, "acTL"), isTurned: false, hasPlace: has(bytes, "eXIf") || has(bytes, "GPSL") };
  if (text(0, 4) === "RIFF" && text(8, 4) === "WEBP") return { isMoving: text(12, 4) === "VP8X" && (bytes[20] & 2) > 0, isTurned: false, hasPlace: false };
  return { isMoving: text(4, 8) === "ftypavis", isTurned: false, hasPlace: false };
}

/** The segments of a JPEG up to its pixels: Exif has a table of facts, XMP is a text. */
function readJpeg(bytes, text) {
  const found = { isTurned: false, hasPlace: false };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let place = 2; place + 4 < bytes.length && bytes[place] === 0xff && bytes[place + 1] !== 0xda; place += 2 + view.getUint16(place + 2)) {
    if (bytes[place + 1] !== 0xe1) continue;
    const end = Math.min(bytes.length, place + 2 + view.getUint16(place + 2));
    if (text(place + 4, 4) === "Exif") readExif(view, place + 10, end, found);
    else if (has(bytes.subarray(place, end), "GPSL")) found.hasPlace = true;
  }
  return found;
}

function readExif(view, start, end, found) {
  if (start + 8 > end) return;
  const isLittle = view.getUint16(start) === 0x4949;
  const table = start + view.getUint32(start + 4, isLittle);
  if (table + 2 > end) return;
  const count = view.getUint16(table, isLittle);
  for (let entry = table + 2; entry + 12 <= Math.min(end, table + 2 + 12 * count); entry += 12) {
    const tag = view.getUint16(entry, isLittle);
    if (tag === GPS) found.hasPlace = true;
    if (tag === ORIENTATION && view.getUint16(entry + 8, isLittle) > 1) found.isTurned = true;
  }
}

function has(bytes, word) {
  const codes = [...word].map((letter) => letter.charCodeAt(0));
  for (let place = bytes.indexOf(codes[0]); place >= 0; place = bytes.indexOf(codes[0], place + 1)) {
    if (codes.every((code, step) => bytes[place + step] === code)) return true;
  }
  return false;
}

/** A picture as it is sent: {blob, name, width, height}; sizes are left out where this browser cannot read it. */
export async function prepare(file) {
  const asItIs = { blob: file, name: file.name };
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" }).catch(() => null);
  if (!bitmap) return asItIs;
  try {
    const { width, height } = bitmap;
    const mimeType = mimeTypeOf(file);
    const facts = read(new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer()));
    if (!isRedrawn({ mimeType, width, height, bytes: file.size, ...facts })) return { ...asItIs, width, height };
    const size = within(width, height);
    const drawn = await draw(bitmap, size, mimeType !== "image/jpeg");
    return drawn ? { blob: drawn, name: named(file.name), ...size } : { ...asItIs, width, height };
  } catch {
    return asItIs; // more pixels than this device has memory for
  } finally {
    bitmap.close();
  }
}

/** A JPEG, or null for a picture that one sees through. */
async function draw(bitmap, { width, height }, mayBeClear) {
  const canvas = globalThis.OffscreenCanvas ? new OffscreenCanvas(width, height) : Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: mayBeClear });
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  if (mayBeClear && isClear(context.getImageData(0, 0, width, height).data)) return null;
  if (canvas.convertToBlob) return canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
}

function isClear(rgba) {
  for (let place = 3; place < rgba.length; place += 4) if (rgba[place] < 255) return true;
  return false;
}

const named = (name) => `${endingOf(name) ? name.slice(0, name.lastIndexOf(".")) : name || "photo"}.jpg`;
