// The bar of pinned messages above a conversation: the newest first. A press leads to the one that it shows, the next press to the one
// before, and a button to a list of all.

import { gettext } from "../language.js";
import { isUnknown, learnPins, pinnedIn } from "../pins.js";
import { loaded } from "./attach.js";
import { drawing, el, icon, perFrame, show } from "./dom.js";
import { summaryOf } from "./texts.js";
import "./presses.js";

const LINES = "M9 6h11M9 12h11M9 18h11M4.5 6v.01M4.5 12v.01M4.5 18v.01";

export class PinnedBar {
  #client;
  #conversation;
  #offs;
  #shown = null; // the number of the message that stands in it
  #newest = null;
  #asked = ""; // for what the server was asked last on this connection
  #isAsking = false;

  constructor(client, conversation) {
    this.#client = client;
    this.#conversation = conversation;
    this.place = el("span.pinned-place");
    this.text = el("span.pinned-text", { dir: "auto" });
    this.jump = el("button.pinned-jump", { type: "button", onclick: () => this.#jump() }, icon("pin"), el("span.pinned-title", {}, gettext("Pinned"), " ", this.place), this.text);
    const label = gettext("Pinned messages");
    this.all = el("button.icon-button", { type: "button", "aria-label": label, title: label, "aria-haspopup": "dialog", onclick: () => this.#showAll() }, drawing(LINES, { class: "icon" }));
    this.node = el("aside.pinned", { "aria-label": label, hidden: true }, this.jump, this.all);
    const draw = perFrame(() => this.#draw());
    const hear = (chat) => chat.id === this.#conversation.chat?.id && draw();
    this.#offs = [client.on("chat", hear), client.on("chats", draw), client.on("people", draw), client.on("state", () => {
      this.#asked = "";
      draw();
    })];
    this.#draw();
  }

  stop() {
    for (const off of this.#offs) off();
  }

  /** Those that are there; one that is not loaded yet stands for none. */
  get #messages() {
    return pinnedIn(this.#conversation.chat).filter(Boolean);
  }

  #draw() {
    const { chat } = this.#conversation;
    if (chat?.isMember) this.#learn(chat);
    const messages = this.#messages;
    const hadFocus = this.node.contains(document.activeElement);
    this.node.hidden = messages.length === 0;
    if (hadFocus && this.node.hidden) this.#conversation.header.title.focus();
    const newest = messages[0]?.seq ?? null;
    if (newest !== this.#newest || !messages.some(({ seq }) => seq === this.#shown)) this.#shown = newest;
    this.#newest = newest;
    const place = messages.findIndex(({ seq }) => seq === this.#shown);
    if (place < 0) return;
    const { from, ...message } = messages[place];
    show(this.place, messages.length > 1 ? gettext("{position} of {length}", { position: place + 1, length: messages.length }) : "");
    show(this.text, gettext("{who}: {text}", { who: this.#conversation.nameOf(from), text: summaryOf(message) }));
  }

  #jump() {
    const messages = this.#messages;
    const place = messages.findIndex(({ seq }) => seq === this.#shown);
    if (place < 0) return;
    this.#conversation.jumpTo(this.#shown);
    this.#shown = messages[(place + 1) % messages.length].seq;
    this.#draw();
  }

  async #showAll() {
    const module = await loaded(() => import("./pinned_list.js"), (error) => this.#client.emit("problem", error.message));
    const chosen = await module?.showPinned(this.#client, this.#conversation);
    if (chosen) this.#conversation.jumpTo(chosen);
  }

  /** Ask what is not known, once for each change of it; what fails is asked again with the next connection. */
  async #learn(chat) {
    if (!isUnknown(chat)) this.#asked = ""; // so that it is asked anew when it is forgotten, as by who is added to a group again
    const wanted = JSON.stringify(chat.pins);
    if (this.#isAsking || wanted === this.#asked || this.#client.state !== "online" || !isUnknown(chat)) return;
    this.#asked = wanted;
    this.#isAsking = true;
    await learnPins(this.#client, chat).catch(() => {});
    this.#isAsking = false;
    if (!isUnknown(chat)) this.#asked = "";
  }
}
