// A video in a message: its first picture and its length, nothing of its bytes until somebody asks for them. It plays in its place.

import { gettext } from "../language.js";
import { lengthOf } from "../locale.js";
import { trackKey } from "../player.js";
import { brokenOf } from "./broken.js";
import { attempt, el, icon, iconButton } from "./dom.js";
import { blurOf, fit, keepPlace } from "./picture.js";
import { withSize } from "./picture_box.js";

let playing = null; // { key, node }: the one that was started last; a row that is drawn anew takes it over as it is

export function videoOf(message, acts) {
  const place = el("span.media.video", {});
  const node = playing?.key === trackKey(message) ? playing.node : null;
  if (node) place.append(framed(message, node, viewButton(message, acts)));
  else showPoster(place, message, acts);
  return place;
}

function framed(message, ...children) {
  const frame = el("span.photo", {}, ...children);
  fit(frame, withSize(message));
  return frame;
}

const viewButton = (message, acts) =>
  iconButton("expand", gettext("Open the video"), () => acts.view(message), { class: "icon-button media-open", tabindex: "-1", "data-stop": "" });

function showPoster(place, message, acts) {
  const length = message.duration_ms ? lengthOf(message.duration_ms) : "";
  const poster = message.poster ? el("img.picture", { src: message.poster, alt: "", draggable: "false" }) : null;
  const button = el("button.play", { type: "button", tabindex: "-1", "data-stop": "", "aria-label": length ? gettext("Play the video, {length}", { length }) : gettext("Play the video"), onclick: () => play(place, message, acts) },
    el("span.play-sign", {}, icon("play")));
  const blur = message.blur ? attempt(() => blurOf(message.blur), () => null) : null;
  poster?.addEventListener("load", () => blur?.remove());
  poster?.addEventListener("error", () => poster.remove());
  place.classList.remove("is-missing");
  place.replaceChildren(framed(message, blur, poster, button, length ? el("span.media-length", { "aria-hidden": "true" }, length) : null, viewButton(message, acts)));
}

function play(place, message, acts) {
  const node = el("video.picture", { src: message.url, poster: message.poster, controls: true, playsinline: true, "aria-label": message.caption ?? gettext("Video") });
  playing?.node.pause();
  playing = { key: trackKey(message), node };
  node.addEventListener("play", () => acts.player.pause());
  node.addEventListener("error", () => {
    if (playing?.node === node) playing = null;
    const now = node.closest(".media") ?? place; // the row may have been drawn anew
    now.classList.add("is-missing");
    now.replaceChildren(keepPlace(brokenOf(gettext("This video cannot be played here."), () => play(now, message, acts)), withSize(message)));
  });
  place.classList.remove("is-missing");
  place.replaceChildren(framed(message, node, viewButton(message, acts)));
  node.play().catch(() => {}); // its events say what is wrong
  node.focus({ preventScroll: true });
}

/** Something else begins to play, or is looked at. */
export function pauseVideo() {
  playing?.node.pause();
}
