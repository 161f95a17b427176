// The photos and videos of a chat as a grid, the newest first: those of what is loaded, and more when somebody asks for them.

import { HistoryLoader } from "../history_loader.js";
import { gettext } from "../language.js";
import { loaded } from "./attach.js";
import { el, icon, perFrame, show } from "./dom.js";
import { wholeTimeOf } from "./times.js";
import "./presses.js";

const ENOUGH = 12; // pictures that a request for more should bring
const PAGES_MAX = 5; // read for that, where most messages are texts

export class MediaGrid {
  #client;
  #chatOf;
  #loader;
  #shown = ""; // which messages are drawn
  #offs;

  /** `chatOf()` gives the chat, or undefined as long as there is none. */
  constructor(client, chatOf) {
    this.#client = client;
    this.#chatOf = chatOf;
    this.#loader = new HistoryLoader(client, () => chatOf() ?? null);
    this.list = el("ul.media-grid", { role: "list" });
    this.said = el("p.hint", { role: "status" });
    this.more = el("button", { type: "button", onclick: () => this.#load() }, gettext("Load more"));
    this.node = el("section.media", {}, el("h3", {}, gettext("Photos and videos")), this.list, this.said, el("div.buttons", {}, this.more));
    this.draw = perFrame(() => this.#draw());
    this.#offs = [client.on("chat", (chat) => chat === chatOf() && this.draw()), client.on("state", () => this.draw())];
  }

  opened() {
    this.#draw();
    if (this.#found().length < ENOUGH) this.#load();
  }

  stop() {
    for (const off of this.#offs) off();
  }

  #found() {
    const log = this.#chatOf()?.log;
    const found = [];
    for (let seq = log?.cursor ?? 0; seq > 0; seq--) {
      const entry = log.at(seq);
      if (entry?.kind === "message" && !entry.deleted && (entry.type === "i" || entry.type === "v") && entry.url?.startsWith("/media/")) found.push(entry);
    }
    return found;
  }

  /** Whether some of the past is not loaded. */
  get #hasMore() {
    const log = this.#chatOf()?.log;
    for (let seq = log?.cursor ?? 0; seq > 0; seq--) if (log.at(seq) === undefined) return true;
    return false;
  }

  async #load() {
    if (this.more.disabled) return;
    this.more.disabled = true;
    const wanted = this.#found().length + ENOUGH;
    for (let page = 0; page < PAGES_MAX && this.#found().length < wanted; page++) {
      if (!(await this.#loader.page(1, this.#chatOf()?.log.cursor ?? 0))) break;
    }
    this.more.disabled = false;
    this.#draw();
  }

  #draw() {
    const found = this.#found();
    const hasMore = this.#hasMore;
    this.node.hidden = !this.#chatOf();
    this.more.parentNode.hidden = !hasMore;
    show(this.said, found.length ? "" : hasMore ? gettext("None among the latest messages.") : gettext("None so far."));
    const version = found.map(({ seq, caption }) => `${seq} ${caption}`).join();
    if (version === this.#shown) return;
    this.#shown = version;
    this.list.replaceChildren(...found.map((message) => el("li", {}, this.#item(message))));
  }

  #item(message) {
    const { people } = this.#client;
    const isVideo = message.type === "v";
    const label = labelOf(isVideo, { caption: message.caption, who: people.nameOf(message.from), time: wholeTimeOf(message.sent_at) });
    const address = isVideo ? message.poster : message.url;
    return el("button.media-item", { type: "button", "aria-label": label, title: label, onclick: () => this.#open(message) },
      address?.startsWith("/media/") ? el("img", { src: address, alt: "", loading: "lazy", decoding: "async" }) : null, isVideo ? icon("play") : null);
  }

  async #open(message) {
    const client = this.#client;
    const viewer = await loaded(() => import("./viewer.js"), (error) => client.emit("problem", error.message));
    await viewer?.openViewer({
      client, chat: this.#chatOf(), message, nameOf: (number) => client.people.nameOf(number),
      load: (seq) => this.#loader.reach(seq), player: { pause() {} },
    });
  }
}

function labelOf(isVideo, { caption, ...sent }) {
  if (!caption) return isVideo ? gettext("Video by {who}, {time}", sent) : gettext("Photo by {who}, {time}", sent);
  return isVideo ? gettext("Video by {who}, {time}: {caption}", { caption, ...sent }) : gettext("Photo by {who}, {time}: {caption}", { caption, ...sent });
}
