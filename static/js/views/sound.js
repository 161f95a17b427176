// A voice message or an audio file in a message: a button, how loud it is over its time as a slider, and how long it is.

import { gettext } from "../language.js";
import { lengthOf, spokenLengthOf } from "../locale.js";
import { plainName, splitName } from "../files.js";
import { trackKey } from "../player.js";
import { drawingOf, levelsOf } from "../waveform.js";
import { brokenOf } from "./broken.js";
import { drawing, el, icon, show } from "./dom.js";

const BARS = 48;
const TEXTS = {
  s: {
    position: gettext("Position in the voice message"), broken: gettext("This voice message cannot be played here."), pause: gettext("Pause the voice message"),
    play: gettext("Play the voice message"), playLong: (length) => gettext("Play the voice message, {length}", { length }),
  },
  a: {
    position: gettext("Position in the audio"), broken: gettext("This audio cannot be played here."), pause: gettext("Pause the audio"),
    play: gettext("Play the audio"), playLong: (length) => gettext("Play the audio, {length}", { length }),
  },
};

export function soundOf(message, acts) {
  const type = message.type === "s" ? "s" : "a";
  const texts = TEXTS[type];
  const name = plainName(message.file_name ?? "");
  const { path, viewBox } = drawingOf(levelsOf(message.waveform, BARS), BARS);
  const bars = (className) => drawing(path, { viewBox, preserveAspectRatio: "none", class: className });
  const node = el("div.sound", { "data-track": trackKey(message), "data-ms": message.duration_ms ?? 0, "data-type": type },
    el("button.sound-play", { type: "button", tabindex: "-1", "data-stop": "", onclick: () => acts.play(message) }, icon("play"), icon("pause")),
    el("div.sound-body", {},
      name ? el("span.sound-name.file-name", { dir: "auto", title: name }, ...nameParts(name)) : null,
      el("span.wave", { dir: "ltr" }, bars("wave-all"), bars("wave-past"),
        el("input", { type: "range", min: "0", tabindex: "-1", "data-stop": "", "aria-label": texts.position, oninput: ({ target }) => acts.seek(message, Number(target.value)) })),
      el("span.sound-time", { dir: "ltr", "aria-hidden": "true" })),
    el("div.is-missing", { hidden: true }, brokenOf(texts.broken, () => acts.play(message))));
  update(node, acts.player);
  return node;
}

/** A name of which the middle may be cut out, in a node with `dir="auto"`: the name runs as its beginning does, and the ending as endings do. */
export function nameParts(name) {
  const [stem, tail] = splitName(name);
  return [el("span.name-stem", {}, stem), tail ? el("bdi.name-tail", { dir: "ltr" }, tail) : null];
}

/** Say in all rows of a view what plays, and how far it is. */
export function showSounds(root, player) {
  for (const node of root.querySelectorAll(".sound")) update(node, player);
}

function update(node, player) {
  const { track, ms, type } = node.dataset;
  const texts = TEXTS[type];
  const isHere = player.isOf(track);
  const isBroken = isHere && player.isBroken;
  const lengthS = isHere ? player.lengthS : Number(ms) / 1000;
  const positionS = isHere ? Math.min(player.positionS, lengthS || Infinity) : 0;
  const isPlaying = isHere && player.isPlaying;
  const [button, body, missing] = node.children;
  const range = node.querySelector("input");
  if (!isBroken && missing.contains(document.activeElement)) button.focus({ preventScroll: true });
  missing.hidden = !isBroken;
  node.classList.toggle("is-playing", isPlaying);
  button.setAttribute("aria-label", isPlaying ? texts.pause : lengthS ? texts.playLong(spokenLengthOf(lengthS * 1000)) : texts.play);
  range.disabled = !lengthS;
  range.max = lengthS || 1;
  range.step = lengthS > 600 ? 5 : lengthS > 20 ? 1 : lengthS / 20 || 1;
  range.value = positionS;
  range.setAttribute("aria-valuetext", lengthS ? gettext("{position} of {length}", { position: spokenLengthOf(positionS * 1000), length: spokenLengthOf(lengthS * 1000) }) : spokenLengthOf(positionS * 1000));
  body.querySelector(".wave-past").style.clipPath = `inset(0 ${lengthS ? 100 - (positionS / lengthS) * 100 : 100}% 0 0)`;
  const began = isHere && positionS > 0;
  show(node.querySelector(".sound-time"), began ? `${lengthOf(positionS * 1000)} / ${lengthOf(lengthS * 1000)}` : lengthS ? lengthOf(lengthS * 1000) : "");
}
