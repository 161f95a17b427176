// A photo in a message: its place is kept from the beginning, and a blur of it is shown there until it has come.

import { gettext } from "../language.js";
import { pixelsOf } from "../thumbhash.js";
import { brokenOf } from "./broken.js";
import { attempt, el } from "./dom.js";

const WIDEST_PX = 400, HIGHEST_PX = 320;
const NARROWEST_PX = 64; // a side of the box, however tall or wide the picture
const SEEN_MAX = 2000;
const seen = new Map(); // address -> size of a picture that came without one

/** The size in which a picture is shown, in CSS pixels, or null where nobody has said how large it is. */
export function boxOf({ url, width, height }) {
  const size = width && height ? { width, height } : seen.get(url);
  if (!size) return null;
  const scale = Math.min(1, WIDEST_PX / size.width, HIGHEST_PX / size.height);
  const within = (side, most) => Math.round(Math.min(most, Math.max(NARROWEST_PX, side * scale)));
  return { width: within(size.width, WIDEST_PX), height: within(size.height, HIGHEST_PX), isSmall: Math.min(size.width, size.height) < NARROWEST_PX };
}

const UNKNOWN = { width: 1280, height: 720 }; // of a video that nobody could read
const PRESSED_PX = 240; // room for what one presses in it

/** A video without a size has one in the row all the same, and a small one is enlarged. */
export function withSize(message) {
  const { width, height } = message.width && message.height ? message : UNKNOWN;
  const by = Math.max(1, PRESSED_PX / width);
  return { ...message, width: width * by, height: height * by };
}

/** A press opens it whole. */
export function pictureOf(message, acts) {
  const frame = el("button.photo", { type: "button", tabindex: "-1", "data-stop": "", "aria-label": message.caption ? gettext("Open the photo: {caption}", { caption: message.caption }) : gettext("Open the photo"), onclick: () => acts.view(message) });
  const place = el("span.media", {}, frame);
  fit(frame, message);
  load(place, frame, message);
  return place;
}

function load(place, frame, message) {
  const image = el("img.picture", { src: message.url, alt: message.caption ?? gettext("Photo"), draggable: "false" });
  const show = () => frame.classList.add("is-there");
  const hadFocus = place.contains(document.activeElement);
  place.classList.remove("is-missing");
  frame.replaceChildren(image);
  place.replaceChildren(frame);
  if (hadFocus) frame.focus({ preventScroll: true });
  if (image.complete && image.naturalWidth) show();
  else if (message.blur) frame.prepend(attempt(() => blurOf(message.blur), () => ""));
  image.addEventListener("load", () => {
    remember(message, image);
    fit(frame, message);
    show();
  });
  image.addEventListener("error", () => {
    place.classList.add("is-missing");
    place.replaceChildren(keepPlace(brokenOf(gettext("This photo cannot be shown."), () => load(place, frame, message)), message));
  });
}

/** What stands in for a picture takes as much room, so that nothing moves. */
export function keepPlace(node, message) {
  const box = boxOf(message);
  if (box) node.style.minHeight = `${box.height}px`;
  return node;
}

export function fit(frame, message) {
  const box = boxOf(message);
  if (!box) return;
  frame.classList.add("is-sized");
  frame.classList.toggle("is-small", box.isSmall);
  frame.style.width = `${box.width}px`;
  frame.style.aspectRatio = `${box.width} / ${box.height}`;
}

/** A row that leaves the view and comes back has its place at once, also where its message does not say how large it is. */
function remember(message, { naturalWidth: width, naturalHeight: height }) {
  if (message.width && message.height) return;
  seen.set(message.url, { width, height });
  if (seen.size > SEEN_MAX) seen.delete(seen.keys().next().value);
}

export function blurOf(base64) {
  const { width, height, rgba } = pixelsOf(Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)));
  const canvas = el("canvas.blur", { width, height, "aria-hidden": "true" });
  canvas.getContext("2d").putImageData(new ImageData(rgba, width, height), 0, 0);
  return canvas;
}
