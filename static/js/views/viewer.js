// Photos and videos of a chat over the whole window: larger, moved, one after the other. Loaded when one is opened.

import { isOwn, plainName } from "../files.js";
import { gettext } from "../language.js";
import { brokenOf } from "./broken.js";
import { el, icon, iconButton, show } from "./dom.js";
import { ALONE, formatted } from "./texts.js";
import { wholeTimeOf } from "./times.js";
import { ZoomStage } from "./zoom_stage.js";

const PAGES_MAX = 20; // of the past, looked through for one press

const isSeen = (entry) => entry?.kind === "message" && (entry.type === "i" || entry.type === "v") && !entry.deleted && isOwn(entry.url);

/** `load(seq)` loads the past up to an entry. Resolves when the viewer is closed. */
export function openViewer({ client, chat, message, nameOf, load, player }) {
  const viewer = new Viewer({ client, chat, nameOf, load, player });
  return viewer.open(message);
}

class Viewer {
  #client;
  #chat;
  #nameOf;
  #load;
  #player;
  #message = null;
  #isLooking = false; // for a picture further away
  #off;

  constructor({ client, chat, nameOf, load, player }) {
    this.#client = client;
    this.#chat = chat;
    this.#nameOf = nameOf;
    this.#load = load;
    this.#player = player;
    this.stage = new ZoomStage({ swipe: (step) => this.#step(step), dismiss: () => this.node.close() });
    this.who = el("h2.viewer-who", { id: "viewer-title", dir: "auto" });
    this.when = el("p.viewer-when");
    this.download = el("a.icon-button", { "aria-label": gettext("Download"), title: gettext("Download") }, icon("download"));
    this.caption = el("p.viewer-caption", { dir: "auto" });
    this.status = el("p.viewer-status", { role: "status" });
    this.earlier = iconButton("back", gettext("Previous"), () => this.#step(-1), { class: "icon-button viewer-step is-earlier" });
    this.later = iconButton("next", gettext("Next"), () => this.#step(1), { class: "icon-button viewer-step is-later" });
    this.node = el("dialog.viewer", { "aria-labelledby": "viewer-title", onkeydown: (event) => this.#key(event) },
      el("header.viewer-bar", {}, el("div.viewer-text", { "aria-live": "polite" }, this.who, this.when), this.download, iconButton("close", gettext("Close"), () => this.node.close())),
      this.stage.node, this.earlier, this.later, this.status, this.caption);
  }

  open(message) {
    document.body.append(this.node);
    this.node.showModal();
    this.#show(message);
    this.node.querySelector(".viewer-bar > button").focus();
    const close = () => this.node.close();
    addEventListener("hashchange", close); // a press of "back" leaves the chat, and this with it
    this.#off = this.#client.on("chat", (chat) => chat === this.#chat && this.#changed());
    return new Promise((resolve) => this.node.addEventListener("close", () => {
      removeEventListener("hashchange", close);
      this.#off();
      this.node.remove();
      resolve();
    }));
  }

  /** The message itself may have been deleted, and others may have come. */
  #changed() {
    const { seq } = this.#message;
    const entry = seq === undefined ? this.#message : this.#chat.log.at(seq);
    if (entry && !entry.deleted) return this.#showSteps();
    this.stage.show(el("p.viewer-gone", {}, gettext("This message was deleted.")));
    this.download.hidden = true;
    this.caption.replaceChildren();
    this.#showSteps();
  }

  #show(message) {
    this.#message = message;
    const isVideo = message.type === "v";
    show(this.who, this.#nameOf(message.from));
    const time = wholeTimeOf(message.sent_at);
    show(this.when, isVideo ? gettext("Video, {time}", { time }) : gettext("Photo, {time}", { time }));
    this.caption.replaceChildren(...formatted(message.caption ?? "", ALONE));
    this.download.hidden = false;
    this.download.href = message.url;
    this.download.download = nameFor(message);
    if (isVideo) this.#showVideo(message);
    else this.#showPhoto(message);
    this.#showSteps();
  }

  #showPhoto(message) {
    const image = el("img.viewer-picture", { src: message.url, alt: message.caption ?? gettext("Photo"), width: message.width, height: message.height, draggable: "false" });
    image.addEventListener("error", () => this.#break(message, gettext("This photo cannot be shown.")));
    this.stage.show(image, image);
  }

  #showVideo(message) {
    const video = el("video.viewer-picture", { src: message.url, poster: message.poster, controls: true, playsinline: true, preload: "none", width: message.width, height: message.height, "aria-label": message.caption ?? gettext("Video") });
    video.addEventListener("play", () => this.#player.pause());
    video.addEventListener("error", () => this.#break(message, gettext("This video cannot be played here.")));
    this.stage.show(video);
  }

  #break(message, text) {
    if (message === this.#message && this.node.open) this.stage.show(brokenOf(text, () => this.#show(message)));
  }

  /** The ways to the neighbours, as far as they are known; the picture that comes next is asked for already. */
  #showSteps() {
    for (const [button, step] of [[this.earlier, -1], [this.later, 1]]) {
      const neighbour = this.#peek(step);
      button.hidden = neighbour === null;
      if (neighbour?.type === "i") new Image().src = neighbour.url;
    }
    if (this.node.open && !this.node.contains(document.activeElement)) this.node.querySelector(".viewer-bar > button").focus();
  }

  get #place() {
    return this.#message.seq ?? (this.#chat?.log.cursor ?? 0) + 1; // what waits stands behind the log
  }

  /** The next one in this direction: null where there is none, undefined where that is not loaded. */
  #peek(step, from = this.#place + step) {
    const log = this.#chat?.log;
    for (let seq = from; log && seq >= 1 && seq <= log.cursor; seq += step) {
      const entry = log.at(seq);
      if (entry === undefined) return undefined;
      if (isSeen(entry)) return entry;
    }
    return null;
  }

  async #step(step) {
    if (this.#isLooking) return;
    this.#isLooking = true;
    let found = this.#peek(step);
    if (found === undefined) {
      show(this.status, gettext("Looking for more…"));
      found = await this.#seek(step);
      show(this.status, found === undefined ? gettext("There may be more: try again.") : found ? "" : gettext("There is no other one."));
    } else {
      show(this.status, "");
    }
    this.#isLooking = false;
    if (!this.node.open) return;
    if (found) this.#show(found);
    else this.#showSteps();
  }

  /** `#peek`, with the past loaded page by page. */
  async #seek(step) {
    for (let pages = 0; pages < PAGES_MAX && this.node.open; pages++) {
      const found = this.#peek(step);
      if (found !== undefined) return found;
      let seq = this.#place + step;
      while (this.#chat.log.at(seq) !== undefined) seq += step;
      if (!(await this.#load(seq))) return undefined;
    }
    return this.#peek(step);
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.tagName === "VIDEO") return;
    const forward = getComputedStyle(this.node).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") this.#step(event.key === forward ? 1 : -1);
    else if (event.key === "+" || event.key === "=") this.stage.step(1);
    else if (event.key === "-") this.stage.step(-1);
    else if (event.key === "0") this.stage.step(0);
    else return;
    event.preventDefault();
  }
}

/** What the file is called where it is saved: its own name, or when it was sent. */
function nameFor({ type, url, file_name: name, sent_at: at }) {
  if (name) return plainName(name);
  const ending = /\.[a-z0-9]{1,8}$/.exec(url)?.[0] ?? "";
  return `${type === "v" ? gettext("Video") : gettext("Photo")} ${at.slice(0, 16).replace("T", " ").replace(":", ".")}${ending}`;
}
