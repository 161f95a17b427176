// What plays, on top of everything: who said it, how far it is, how fast; and the way back to its message.

import { plainName } from "../files.js";
import { gettext } from "../language.js";
import { lengthOf, numberOf, spokenLengthOf } from "../locale.js";
import { SPEEDS } from "../player.js";
import { el, icon, iconButton, show } from "./dom.js";

export class PlayerBar {
  #people;
  #player;
  #offs;

  /** `open(chat, seq)` shows a message. */
  constructor(people, player, open) {
    this.#people = people;
    this.#player = player;
    this.toggle = el("button.icon-button.player-toggle", { type: "button", onclick: () => player.toggle(player.track) }, icon("play"), icon("pause"));
    this.who = el("bdi.player-who");
    this.what = el("bdi.player-what");
    this.way = el("button.player-way", { type: "button", onclick: () => open(player.track.chat, player.track.seq) }, this.who, this.what, el("span.unseen", {}, gettext("Show the message")));
    this.time = el("span.player-time", { dir: "ltr", "aria-hidden": "true" });
    this.range = el("input.player-range", { type: "range", min: "0", "aria-label": gettext("Position"), oninput: ({ target }) => player.seek(player.track, Number(target.value)) });
    this.speed = el("button.player-speed", { type: "button", onclick: () => player.setSpeed(SPEEDS[(SPEEDS.indexOf(player.speed) + 1) % SPEEDS.length]) });
    this.node = el("section.player", { "aria-label": gettext("What plays"), hidden: true }, this.toggle, this.way, this.range, this.time, this.speed, iconButton("close", gettext("Stop playing"), () => player.close()));
    this.#offs = [player.on("change", () => this.#change()), player.on("progress", () => this.#move())];
    this.#hearKeys();
    this.#change();
  }

  stop() {
    for (const off of this.#offs) off();
    this.#player.close();
    if (!navigator.mediaSession) return;
    navigator.mediaSession.metadata = null; // whoever comes next does not see what played
    navigator.mediaSession.playbackState = "none";
    this.#setKeys({ play: null, pause: null, stop: null, seekto: null });
  }

  #change() {
    const { track, isPlaying, isBroken, speed } = this.#player;
    const hadFocus = this.node.contains(document.activeElement);
    this.node.hidden = !track;
    if (!track && hadFocus) (document.querySelector(".composer:not([hidden]) textarea") ?? document.querySelector("h1[tabindex]"))?.focus();
    if (!track && navigator.mediaSession) navigator.mediaSession.metadata = null;
    if (navigator.mediaSession) navigator.mediaSession.playbackState = !track ? "none" : isPlaying ? "playing" : "paused";
    if (!track) return;
    if (isPlaying) for (const video of document.querySelectorAll("video, audio")) video.pause();
    const who = this.#people.nameOf(track.from);
    const what = isBroken ? gettext("Cannot be played here") : plainName(track.fileName ?? "") || (track.type === "s" ? gettext("Voice message") : gettext("Audio"));
    show(this.who, who);
    show(this.what, what);
    this.way.disabled = track.seq === undefined;
    this.node.classList.toggle("is-playing", isPlaying);
    this.toggle.setAttribute("aria-label", isPlaying ? gettext("Pause") : gettext("Play"));
    show(this.speed, `${numberOf(speed)}×`);
    this.speed.setAttribute("aria-label", gettext("Speed: {speed}×", { speed: numberOf(speed) }));
    if (navigator.mediaSession) navigator.mediaSession.metadata = new MediaMetadata({ title: what, artist: who, album: "Parley" });
    this.#move();
  }

  #move() {
    const { positionS, lengthS } = this.#player;
    this.range.disabled = !lengthS;
    this.range.max = lengthS || 1;
    this.range.step = lengthS > 600 ? 5 : lengthS > 20 ? 1 : lengthS / 20 || 1;
    this.range.value = positionS;
    this.range.setAttribute("aria-valuetext", gettext("{position} of {length}", { position: spokenLengthOf(positionS * 1000), length: spokenLengthOf(lengthS * 1000) }));
    show(this.time, `${lengthOf(positionS * 1000)} / ${lengthOf(lengthS * 1000)}`);
  }

  /** The keys of keyboards and headphones, and of a phone's locked screen. */
  #hearKeys() {
    const player = this.#player;
    this.#setKeys({
      play: () => player.track && !player.isPlaying && player.toggle(player.track),
      pause: () => player.pause(),
      stop: () => player.close(),
      seekto: ({ seekTime }) => player.track && player.seek(player.track, seekTime),
    });
  }

  #setKeys(acts) {
    for (const [name, act] of Object.entries(acts)) {
      try {
        navigator.mediaSession?.setActionHandler(name, act);
      } catch {
        // a browser that does not know this one
      }
    }
  }
}
