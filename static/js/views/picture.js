// A photo in a message: its place is kept from the beginning, and a blur of it is shown there until it has come.

import { gettext } from "../language.js";
import { pixelsOf } from "../thumbhash.js";
import { brokenOf } from "./broken.js";
import { attempt, el } from "./dom.js";
import { boxOf, remember } from "./picture_box.js";

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

export function blurOf(base64) {
  const { width, height, rgba } = pixelsOf(Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)));
  const canvas = el("canvas.blur", { width, height, "aria-hidden": "true" });
  canvas.getContext("2d").putImageData(new ImageData(rgba, width, height), 0, 0);
  return canvas;
}
