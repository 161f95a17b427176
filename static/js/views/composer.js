// Where one writes: grows with the text, keeps a draft, and says whether it replies or edits.

import { isBlank } from "../words.js";
import { el, icon, iconButton } from "./dom.js";
import { summaryOf } from "./texts.js";

const TEXT_MAX_CHARS = 16384;
const KEEP_AFTER_MS = 300;

export class Composer {
  #client;
  #lane;
  #acts;
  #timer = null;
  #isRestored = false; // before that, an empty place to write is no reason to forget the draft
  #mode = null; // { kind: "reply" | "edit", message }

  /** `acts`: {send(text, replyTo), edit(message, text), editLast(), typed(), fail(error)}. */
  constructor(client, lane, acts) {
    this.#client = client;
    this.#lane = lane;
    this.#acts = acts;
    this.text = el("textarea", {
      rows: "1", dir: "auto", placeholder: "Message", "aria-label": "Message", maxlength: TEXT_MAX_CHARS, enterkeyhint: "send",
      oninput: () => this.#typed(), onkeydown: (event) => this.#key(event),
    });
    this.button = el("button.send", { type: "submit", "aria-label": "Send", title: "Send" }, icon("send"));
    this.notice = el("div.mode", { hidden: true });
    this.node = el("form.composer", { "aria-label": "Write a message", onsubmit: (event) => this.#submit(event) }, this.notice,
      el("div.composer-line", {}, this.text, this.button));
    addEventListener("pagehide", this.#keep);
    this.#restore();
  }

  focus() {
    this.text.focus();
  }

  reply(message) {
    this.#enter({ kind: "reply", message }, `Reply to ${this.#client.people.nameOf(message.from)}`);
  }

  edit(message) {
    this.text.value = message.type === "t" ? message.text : (message.caption ?? "");
    this.#enter({ kind: "edit", message }, "Edit message");
    this.#grow();
  }

  stop() {
    clearTimeout(this.#timer);
    removeEventListener("pagehide", this.#keep);
    if (this.#isRestored) this.#keep();
  }

  #enter(mode, title) {
    this.#mode = mode;
    this.notice.replaceChildren(
      el("span.mode-text", {}, el("strong", { dir: "auto" }, title), el("span", { dir: "auto" }, summaryOf(mode.message))),
      iconButton("close", mode.kind === "edit" ? "Do not edit" : "Do not reply", () => this.#leave({ isEmptied: mode.kind === "edit" })));
    this.notice.hidden = false;
    this.text.focus();
  }

  #leave({ isEmptied = false } = {}) {
    this.#mode = null;
    this.notice.hidden = true;
    if (isEmptied) this.text.value = "";
    this.#grow();
    this.text.focus();
  }

  #key(event) {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.node.requestSubmit();
    } else if (event.key === "Escape" && this.#mode) {
      event.stopPropagation();
      this.#leave({ isEmptied: this.#mode.kind === "edit" });
    } else if (event.key === "ArrowUp" && this.text.value === "") {
      event.preventDefault();
      this.#acts.editLast();
    }
  }

  #typed() {
    this.#grow();
    if (!isBlank(this.text.value)) this.#acts.typed();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#keep(), KEEP_AFTER_MS);
  }

  async #submit(event) {
    event.preventDefault();
    const text = this.text.value;
    if (isBlank(text)) return;
    const mode = this.#mode;
    this.text.value = ""; // at once, so that the next word does not go with this one
    this.#leave();
    try {
      if (mode?.kind === "edit") await this.#acts.edit(mode.message, text);
      else await this.#acts.send(text, mode?.message.seq ?? null);
      clearTimeout(this.#timer);
      this.#keep();
    } catch (error) {
      this.text.value = text + this.text.value; // this browser could not keep it: it is still here
      this.#acts.fail(error);
    }
  }

  #keep = () => {
    const text = this.#mode?.kind === "edit" ? "" : this.text.value;
    const { drafts } = this.#client;
    (text ? drafts.put({ place: this.#lane, text }) : drafts.remove(this.#lane)).catch(() => {});
  };

  async #restore() {
    const rows = await this.#client.drafts.list().catch(() => []);
    this.#isRestored = true;
    const draft = rows.find((row) => row.place === this.#lane);
    if (!draft || this.text.value) return;
    this.text.value = draft.text;
    this.#grow();
  }

  #grow() {
    this.text.style.height = "auto";
    this.text.style.height = `${Math.min(this.text.scrollHeight, 168)}px`;
  }
}
