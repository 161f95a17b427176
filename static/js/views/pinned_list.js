// All pinned messages of a chat in a dialog: a press leads to one, and whoever may pin takes them off here.

import { gettext } from "../language.js";
import { newClientId } from "../outbox.js";
import { mayPin, pinnedIn } from "../pins.js";
import { openDialog } from "./dialogs.js";
import { arrange, el, iconButton, perFrame } from "./dom.js";
import { summaryOf } from "./texts.js";
import { briefly } from "./times.js";

/** Resolves with the number of the message that was chosen, or null. The dialog closes by itself when nothing is pinned any more. */
export async function showPinned(client, conversation) {
  const list = new PinnedList(client, conversation);
  const closed = openDialog(gettext("Pinned messages"), (close) => {
    list.close = close;
    return [list.node, el("div.buttons", {}, el("button.primary", { type: "button", onclick: () => close() }, gettext("Close")))];
  });
  list.start();
  const chosen = await closed;
  list.stop();
  return chosen;
}

class PinnedList {
  #client;
  #chat;
  #nameOf;
  #rows = new Map(); // seq -> { row, version }
  #isAllowed = false;
  #going = new Set(); // numbers of those that are being taken off
  #offs = [];

  constructor(client, { chat, nameOf }) {
    this.#client = client;
    this.#chat = chat;
    this.#nameOf = nameOf;
    this.node = el("ul.found", { role: "list" });
  }

  async start() {
    const draw = perFrame(() => this.#draw());
    this.#offs = [this.#client.on("chat", (chat) => chat === this.#chat && draw()), this.#client.on("people", draw)];
    this.#draw();
    this.#isAllowed = await mayPin(this.#client, this.#chat);
    this.#draw();
  }

  stop() {
    for (const off of this.#offs) off();
  }

  #draw() {
    const messages = pinnedIn(this.#chat).filter(Boolean);
    if (!messages.length) return this.close();
    const rows = [...this.node.children];
    const focused = rows.findIndex((row) => row.contains(document.activeElement));
    arrange(this.node, messages.map((message) => this.#rowOf(message)));
    if (focused < 0 || this.node.contains(document.activeElement)) return;
    (rows[focused].isConnected ? rows[focused] : this.node.children[Math.min(focused, messages.length - 1)]).querySelector("button").focus();
  }

  #rowOf(message) {
    const { seq, from } = message;
    const facts = [this.#nameOf(from), briefly(message.sent_at), summaryOf(message)];
    const version = JSON.stringify(facts);
    const known = this.#rows.get(seq);
    const row = known?.version === version ? known.row : this.#fresh(seq, ...facts);
    row.lastChild.hidden = !this.#isAllowed;
    this.#rows.set(seq, { row, version });
    return row;
  }

  #fresh(seq, who, when, text) {
    return el("li.pinned-row", {}, el("button.found-row", { type: "button", onclick: () => this.close(seq) },
      el("span.chat-title", { dir: "auto" }, who), el("span.chat-time", {}, when), el("span.found-text", { dir: "auto" }, text)),
      iconButton("close", gettext("Unpin"), () => this.#unpin(seq)));
  }

  async #unpin(seq) {
    if (this.#going.has(seq)) return;
    this.#going.add(seq);
    try {
      await this.#client.ask("/chat", "message_pin", { chat: this.#chat.id, seq, pinned: false, client_id: newClientId() });
    } catch (error) {
      this.#client.emit("problem", error.name === "Refused" ? error.message : gettext("This can be done once there is a connection."));
    }
    this.#going.delete(seq);
  }
}
