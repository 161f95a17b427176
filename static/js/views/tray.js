// What is about to be sent: files in their order, above the place to write, each with a picture of it and a way to take it out.

import { mimeTypeOf, typeOf } from "../attachables.js";
import { gettext, ngettext } from "../language.js";
import { numberOf, sizeOf } from "../locale.js";
import { prepare } from "../pictures.js";
import { excessOf, isBlank } from "../words.js";
import { el, icon, iconButton, release, show } from "./dom.js";
import { problemOf } from "./file_texts.js";

const FILES_MAX = 30;
const CAPTION_MAX_CHARS = 256;
const LOOKED_AT_WITHIN_MS = 4000;
const CAPTIONED = new Set(["i", "v", "d"]);
const ICONS = { v: "play", a: "mic", d: "file" };

export class Tray {
  #client;
  #lane;
  #acts;
  #entries = [];
  #going = null; // what goes with files that are being kept, and is not yet: a draft
  #isStopped = false;
  #last = Promise.resolve(); // one photo is drawn at a time: each takes fifty megabytes while it is

  /** `acts`: {changed(), left() when the focus was in the last one, sendFile(blob, facts, replyTo), send(text, replyTo, mentions), taken({text, reply}): that is no longer a draft, over(), fail(error)}. */
  constructor(client, lane, acts) {
    this.#client = client;
    this.#lane = lane;
    this.#acts = acts;
    this.list = el("ul.tray-files", { role: "list", "aria-label": gettext("To be sent") });
    this.status = el("p.unseen", { role: "status" });
    this.node = el("div.tray", { hidden: true }, this.list, this.status);
  }

  get isEmpty() {
    return this.#entries.length === 0;
  }

  get isGoing() {
    return this.#going !== null;
  }

  add(files, options = {}) {
    for (const file of files) {
      if (this.#entries.length >= FILES_MAX) {
        this.#acts.fail(new Error(gettext("At most {count} files go at once. Send these first.", { count: numberOf(FILES_MAX) })));
        break;
      }
      this.#addOne(file, options);
    }
    this.#draw();
  }

  /** Send all that are here now with a draft. Its text is the caption of the first; one that is longer than captions are goes behind them as a message. */
  async submit({ text, reply, marked, mentions: found }) {
    const going = (this.#going = { text: isBlank(text) ? "" : text, reply, marked });
    const isCaption = CAPTIONED.has(this.#entries[0]?.type) && excessOf(text, CAPTION_MAX_CHARS) <= 0;
    try {
      const mentions = await found;
      let isFirst = true;
      await this.#sendFiles(async (blob, facts) => {
        await this.#acts.sendFile(blob, facts.caption && mentions.length ? { ...facts, mentions } : facts, isFirst ? (reply?.seq ?? null) : null);
        this.#acts.taken({ text: facts.caption ?? "", reply });
        if (facts.caption) going.text = "";
        isFirst = false;
      }, isCaption ? going.text : "");
      if (going.text && !isFirst) {
        await this.#acts.send(text, null, mentions);
        this.#acts.taken({ text, reply });
        going.text = "";
      }
    } catch (error) {
      this.#acts.fail(error);
    } finally {
      removeEventListener("pagehide", this.#restore);
      if (!this.#isStopped) this.#acts.over();
      else {
        this.#giveUp();
        this.#restore();
      }
      this.#going = null;
    }
  }

  /** What was sent goes on without this view, but not without the page (`isLeaving`): then its text stays a draft. */
  stop(isLeaving) {
    this.#isStopped = true;
    if (!this.#going) this.#giveUp();
    else if (!isLeaving) {
      this.#acts.taken(this.#going);
      addEventListener("pagehide", this.#restore);
    }
  }

  /** A text that did not go is a draft again. */
  #restore = () => {
    if (this.#going.text && !this.#client.drafts.find(this.#lane)) this.#client.drafts.put(this.#lane, this.#going);
  };

  /** One after the other, with the caption in the facts of the first that can have it; what is not kept when it throws is still here. */
  async #sendFiles(send, caption) {
    let left = caption;
    for (const entry of [...this.#entries]) {
      const { blob, name, ...facts } = await entry.prepared;
      if (!this.#entries.includes(entry)) continue; // it was refused or taken out meanwhile
      const facet = left && CAPTIONED.has(entry.type) ? { caption: left } : {};
      await send(blob, { type: entry.type, file_name: name || "file", mime_type: mimeTypeOf({ type: blob.type, name }), ...facts, ...facet });
      if (facet.caption) left = "";
      this.#remove(entry);
    }
  }

  #giveUp() {
    for (const { url } of this.#entries) release(url);
    this.#entries = [];
  }

  #addOne(file, options) {
    const type = typeOf(file, options);
    const { limits } = this.#client;
    // Photos are made smaller before they are measured.
    const problem = type === "i" && file.size ? problemOf({ name: file.name, size: 1 }, type, limits) : problemOf(file, type, limits);
    if (problem) return this.#acts.fail(new Error(problem));
    const entry = { file, type, url: URL.createObjectURL(file), prepared: null };
    this.#last = entry.prepared = this.#last.then(() => prepared(entry)).then((ready) => {
      const late = problemOf({ name: file.name, size: ready.blob.size }, type, limits);
      if (late && this.#entries.includes(entry)) {
        this.#remove(entry);
        this.#acts.fail(new Error(late));
      }
      return ready;
    });
    this.#entries.push(entry);
  }

  #remove(entry) {
    release(entry.url);
    this.#entries = this.#entries.filter((one) => one !== entry);
    this.#draw();
  }

  #draw() {
    const focused = [...this.list.children].findIndex((row) => row.contains(document.activeElement));
    for (const entry of this.#entries) entry.node ??= this.#row(entry);
    this.list.replaceChildren(...this.#entries.map(({ node }) => node));
    if (focused >= 0 && this.isEmpty) this.#acts.left();
    else if (focused >= 0) this.list.children[Math.min(focused, this.list.children.length - 1)]?.querySelector("button").focus();
    this.node.hidden = this.isEmpty;
    show(this.status, this.isEmpty ? "" : ngettext("One file to send", "{count} files to send", this.#entries.length));
    this.#acts.changed();
  }

  #row(entry) {
    const { file, type, url } = entry;
    const look = type === "i" ? el("img", { src: url, alt: "", onerror: (event) => event.target.replaceWith(icon("picture")) })
      : type === "v" ? el("video", { src: url, muted: true, playsinline: true, preload: "metadata", tabindex: "-1", "aria-hidden": "true", onerror: (event) => event.target.replaceWith(icon("play")) })
      : icon(ICONS[type]);
    return el("li.tray-file", {}, el("span.tray-look", {}, look), el("span.tray-name", { dir: "auto", title: file.name }, file.name), el("span.tray-size", {}, sizeOf(file.size)),
      iconButton("close", gettext("Do not send {name}", { name: file.name }), () => this.#remove(entry)));
  }
}

/** {blob, name} as they are sent, with what is known of how they look. */
async function prepared({ file, type, url }) {
  const asItIs = { blob: file, name: file.name };
  if (type === "i") return prepare(file).catch(() => asItIs);
  return type === "v" ? { ...asItIs, ...(await lookedAt(url)) } : asItIs;
}

/** A video's size and length, as far as this browser can read it. */
function lookedAt(url) {
  return new Promise((resolve) => {
    const video = el("video", { preload: "metadata" });
    const timer = setTimeout(() => resolve({}), LOOKED_AT_WITHIN_MS);
    const end = (facts) => {
      clearTimeout(timer);
      video.removeAttribute("src");
      resolve(facts);
    };
    video.onloadedmetadata = () => end(video.videoWidth ? { width: video.videoWidth, height: video.videoHeight, ...(Number.isFinite(video.duration) ? { duration_ms: Math.round(video.duration * 1000) } : {}) } : {});
    video.onerror = () => end({});
    video.src = url;
  });
}
