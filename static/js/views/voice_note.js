// A voice note while it is made: how loud, how long, heard once before it goes, or thrown away.

import { limitOf } from "../attachables.js";
import { gettext } from "../language.js";
import { lengthOf } from "../locale.js";
import { Recorder } from "../recorder.js";
import { el, icon, iconButton, release, show } from "./dom.js";

const HELD_MS = 500; // a press that is longer sends when it ends
const DRAWN_EVERY_MS = 50;
const BAR_PX = 3, GAP_PX = 2;

export class VoiceNote {
  #client;
  #acts;
  #recorder = new Recorder();
  #note = null;
  #url = null;
  #timer = null;
  #levels = [];
  #isOver = false;
  #isLetGo = false; // of a press

  /** `acts`: {send(blob, facts), quiet(), fail(error), over()}: `over` is called once, whatever comes of it. */
  constructor(client, acts) {
    this.#client = client;
    this.#acts = acts;
    this.time = el("span.voice-time", { role: "timer", "aria-label": gettext("Length") }, "0:00");
    this.level = el("canvas.voice-level", { "aria-hidden": "true", width: "600", height: "64" });
    this.player = el("audio.voice-player", { controls: true, hidden: true, onplay: () => this.#acts.quiet() });
    this.stopButton = iconButton("stop", gettext("Stop and listen"), () => this.#listen());
    this.sendButton = el("button.send", { type: "button", "aria-label": gettext("Send voice note"), title: gettext("Send voice note"), onclick: () => this.#send() }, icon("send"));
    this.status = el("span.unseen", { role: "status" });
    this.discardButton = iconButton("bin", gettext("Discard voice note"), () => this.cancel());
    this.node = el("div.voice", { role: "group", "aria-label": gettext("Voice note") }, this.discardButton, el("span.voice-dot", { "aria-hidden": "true" }), this.time, this.level, this.player, this.stopButton, this.sendButton, this.status);
  }

  /** In place of `line`. `hold`: holdOf the pointer that pressed the button, or null. */
  async start(line, hold = null) {
    this.line = line;
    line.before(this.node);
    line.hidden = true;
    this.#acts.quiet();
    hold?.then((release) => this.#release(release));
    for (const button of [this.stopButton, this.sendButton]) button.disabled = true;
    show(this.time, "…");
    show(this.status, gettext("The browser asks for the microphone"));
    try {
      await this.#recorder.start();
    } catch (error) {
      this.#recorder.cancel();
      if (!this.#isOver) this.#acts.fail(new Error(deniedBy(error)));
      return this.#end();
    }
    if (this.#isOver) return;
    show(this.status, gettext("Recording"));
    for (const button of [this.stopButton, this.sendButton]) button.disabled = false;
    this.#timer = setInterval(() => this.#draw(), DRAWN_EVERY_MS);
    this.#draw();
    if (!hold || this.#isLetGo) this.sendButton.focus();
  }

  /** Throw it away, and give the microphone back. */
  cancel() {
    if (this.#isOver) return;
    this.#recorder.cancel();
    this.#end();
  }

  /** Whoever holds the button sends by letting go, and throws away by letting go over the bin; after a short press the buttons decide. */
  #release({ event, heldMs }) {
    if (this.#isOver) return;
    this.#isLetGo = true;
    if (event.type === "pointercancel" || heldMs < HELD_MS || !this.#recorder.isRecording) return this.sendButton.focus();
    const { left, right, top, bottom } = this.discardButton.getBoundingClientRect();
    const isThrown = event.clientX >= left && event.clientX <= right && event.clientY >= top && event.clientY <= bottom;
    if (isThrown) this.cancel();
    else this.#send();
  }

  async #listen() {
    if (this.#url) return;
    this.stopButton.disabled = true;
    await this.#finish();
    if (this.#isOver || this.#url) return;
    this.#url = URL.createObjectURL(this.#note.blob);
    this.player.src = this.#url;
    this.player.hidden = false;
    this.level.hidden = this.stopButton.hidden = this.time.hidden = true;
    this.node.classList.add("is-done");
    show(this.status, gettext("Recorded. Listen, send, or discard."));
    this.player.focus();
  }

  async #finish() {
    clearInterval(this.#timer);
    this.#note ??= await this.#recorder.stop();
  }

  async #send() {
    if (this.sendButton.disabled || this.#isOver) return;
    this.sendButton.disabled = true;
    try {
      await this.#finish();
      const { blob, name, mimeType, durationMs, waveform } = this.#note;
      await this.#acts.send(blob, { type: "s", file_name: name, mime_type: mimeType, duration_ms: durationMs, waveform });
      this.#end();
    } catch (error) {
      this.#acts.fail(error);
      this.sendButton.disabled = false;
      await this.#listen(); // it is still here
    }
  }

  #draw() {
    show(this.time, lengthOf(this.#recorder.elapsedMs));
    if (this.#recorder.bytes * 1.05 > limitOf("s", this.#client.limits)) this.#listen(); // as long as one may be
    this.#levels.push(this.#recorder.level);
    const { width, height } = this.level;
    const context = this.level.getContext("2d");
    const bars = Math.floor(width / (2 * (BAR_PX + GAP_PX)));
    context.clearRect(0, 0, width, height);
    context.fillStyle = getComputedStyle(this.level).color;
    this.#levels.splice(0, this.#levels.length - bars);
    this.#levels.forEach((level, place) => {
      const tall = Math.max(BAR_PX * 2, level * height);
      context.fillRect(width - (this.#levels.length - place) * 2 * (BAR_PX + GAP_PX), (height - tall) / 2, BAR_PX * 2, tall);
    });
  }

  #end() {
    if (this.#isOver) return;
    this.#isOver = true;
    clearInterval(this.#timer);
    if (this.#url) release(this.#url);
    this.node.remove();
    this.line.hidden = false;
    this.#acts.over();
  }
}

function deniedBy({ name, message }) {
  if (name === "NotAllowedError" || name === "SecurityError") return gettext("This page may not use the microphone. Allow it in the browser’s settings for this page, then try again.");
  if (name === "NotFoundError") return gettext("This device has no microphone.");
  if (name === "NotReadableError") return gettext("Another program uses the microphone. Close it, then try again.");
  return gettext("Nothing can be recorded here: {problem}", { problem: message });
}
