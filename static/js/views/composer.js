// Where one writes: grows with the text, keeps a draft, says whether it replies or edits, and holds what goes with the text.

import { quotedOf } from "../drafts.js";
import { gettext } from "../language.js";
import { isSendKey } from "../preferences.js";
import { excessOf, isBlank } from "../words.js";
import { Attach, loaded } from "./attach.js";
import { CharacterCounter } from "./character_counter.js";
import { el, focusWatch, holdOf, icon, iconButton } from "./dom.js";
import { emojiButton } from "./emoji_button.js";
import { summaryOf } from "./texts.js";

const TEXT_MAX_CHARS = 16384; // where the server has not said yet
const CAPTION_MAX_CHARS = 256;
const KEEP_AFTER_MS = 300;
const NOBODY = { text: "", mentions: [] };

export class Composer {
  #client;
  #lane;
  #acts;
  #offs;
  #timer = null;
  #reply = null; // what is replied to: quotedOf(message)
  #edited = null; // the message that is edited
  #aside = null; // { text, reply, marked }: the draft, while a message is edited
  #tray = null; // files that go with the next message; made for the first one
  #note = null; // a voice note that is being made
  #mentioning = null; // Mentioning, once somebody is mentioned
  #marked = NOBODY; // until then who is mentioned: { text, mentions in it }

  /** `acts`: {send(text, replyTo, mentions), sendFile(blob, facts, replyTo), sendContent(content, replyTo), edit(message, text, mentions), editLast(), typed(), title(), chat(), nameOf(number), quiet() (nothing else sounds), fail(error)}. */
  constructor(client, lane, acts) {
    this.#client = client;
    this.#lane = lane;
    this.#acts = acts;
    this.text = el("textarea", {
      rows: "1", dir: "auto", placeholder: gettext("Message"), "aria-label": gettext("Message"), enterkeyhint: "send",
      oninput: () => this.#typed(), onkeydown: (event) => this.#key(event), onpaste: (event) => this.attach.paste(event),
    });
    this.attach = new Attach(client, {
      title: acts.title, fail: acts.fail, isOpen: () => !this.node.hidden && !this.#edited && !this.#note,
      add: (files, options) => this.add(files, options), sendContent: (content) => this.#sendOne((replyTo) => acts.sendContent(content, replyTo)),
    });
    this.microphone = iconButton("mic", gettext("Record a voice note"), (event) => event.detail === 0 && this.#record(), {
      class: "send microphone", onpointerdown: (event) => event.button === 0 && this.#record(event), oncontextmenu: (event) => event.preventDefault(),
    });
    this.button = el("button.send", { type: "submit", "aria-label": gettext("Send"), title: gettext("Send") }, icon("send"));
    this.notice = el("div.mode", { hidden: true });
    this.counter = new CharacterCounter(this.text);
    this.line = el("div.composer-line", {}, this.attach.button, emojiButton(this.text, acts.fail), this.text, this.microphone, this.button);
    this.node = el("form.composer", { "aria-label": gettext("Write a message"), onsubmit: (event) => this.#submit(event) }, this.notice, this.line, this.counter.node);
    addEventListener("pagehide", this.#keep);
    this.#offs = [["taken", () => this.#take()], ["settle", this.#keep]].map(([name, work]) => client.drafts.on(name, (place = lane) => place === lane && work()));
    this.#put(client.drafts.find(lane) ?? {});
  }

  /** In the document, where a text has a height. */
  opened() {
    this.attach.prepare();
    this.#grow();
  }

  focus() {
    this.text.focus();
  }

  reply(message) {
    this.#endEdit();
    this.#reply = quotedOf(message);
    this.#drawNotice();
    this.#keep();
    this.text.focus();
  }

  edit(message, text = message.type === "t" ? message.text : (message.caption ?? ""), marked = { text, mentions: message.mentions ?? [] }) {
    this.#aside ??= this.#written;
    this.#edited = message;
    this.#reply = null;
    this.text.value = text;
    this.#mark(marked);
    this.#drawNotice();
    this.#grow();
    this.text.focus();
  }

  /** Put files beside the text: they go with it. */
  async add(files, options) {
    const mayFocus = focusWatch();
    if (!this.#tray) {
      const module = await loaded(() => import("./tray.js"), this.#acts.fail);
      if (!module) return;
      if (!this.#tray) {
        const { send, sendFile, fail } = this.#acts;
        this.#tray = new module.Tray(this.#client, this.#lane, { changed: () => this.#showButtons(), left: () => this.focus(), fail, send, sendFile, taken: (gone) => this.#taken(gone), over: this.#keep });
        this.line.before(this.#tray.node);
      }
    }
    this.#tray.add(files, options);
    if (mayFocus()) this.text.focus();
  }

  /** What was sent goes on without this view, but not without the page: then its text stays a draft. */
  stop({ isLeaving = false } = {}) {
    this.attach.stop();
    this.#note?.cancel();
    this.#tray?.stop(isLeaving);
    removeEventListener("pagehide", this.#keep);
    this.#keep();
    for (const off of this.#offs) off();
    this.#client.drafts.emit("left", this.#lane);
  }

  /** What is written here, as a draft. */
  get #written() {
    return { text: this.text.value, reply: this.#reply, marked: this.#mentioning?.marked ?? this.#marked };
  }

  #put({ text = "", reply = null, marked = NOBODY }) {
    this.text.value = text;
    this.#mark(marked);
    this.#reply = reply;
    this.#drawNotice();
    this.#grow();
  }

  /** What another device wrote stands here. */
  #take() {
    const draft = { text: "", reply: null, marked: NOBODY, ...this.#client.drafts.find(this.#lane) };
    if (this.#aside) this.#aside = draft;
    else this.#put(draft);
  }

  #mark(marked) {
    this.#marked = marked;
    this.#mentioning?.put(marked);
    if (marked.mentions.length) this.#follow();
  }

  /** What follows mentions through a text, and completes them, is loaded with the first; a text is a text without it, too. */
  async #follow() {
    const { Mentioning } = await import("./mentioning.js").catch(() => ({}));
    if (Mentioning) this.#mentioning ??= new Mentioning(this.#client, this.text, this.#acts, this.#marked);
    return this.#mentioning;
  }

  /** What goes with a text to the server; a promise where it was edited before that could be worked out. */
  #mentionsIn(text, { text: known, mentions }) {
    if (!mentions.length || text === known) return mentions;
    return import("./mentioning.js").then(({ mentionsLeft }) => mentionsLeft(text, { text: known, mentions }), () => []);
  }

  /** The draft that was there before the edit comes back. */
  #endEdit() {
    if (!this.#edited) return;
    const draft = this.#aside;
    this.#edited = this.#aside = null;
    this.#put(draft);
  }

  #drawNotice() {
    const about = this.#edited ?? this.#reply;
    this.notice.hidden = !about;
    if (!about) return;
    const title = this.#edited ? gettext("Edit message") : about.from === this.#client.session.number ? gettext("Reply to your message") : gettext("Reply to {name}", { name: this.#client.people.nameOf(about.from) });
    this.notice.replaceChildren(
      el("span.mode-text", {}, el("strong", { dir: "auto" }, title), el("span", { dir: "auto" }, summaryOf(about))),
      iconButton("close", this.#edited ? gettext("Do not edit") : gettext("Do not reply"), () => this.#leaveMode()));
  }

  #leaveMode() {
    if (this.#edited) this.#endEdit();
    else this.#reply = null;
    this.#drawNotice();
    this.#keep();
    this.text.focus();
  }

  #key(event) {
    if (event.isComposing || this.#mentioning?.key(event)) return;
    if (isSendKey(event)) {
      event.preventDefault();
      this.node.requestSubmit();
    } else if (event.key === "Escape" && (this.#edited || this.#reply)) {
      event.stopPropagation();
      this.#leaveMode();
    } else if (event.key === "ArrowUp" && !event.altKey && this.text.value === "") {
      event.preventDefault();
      this.#acts.editLast();
    }
  }

  #typed() {
    this.#grow();
    if (this.#mentioning) this.#mentioning.look();
    else if (/[@\uff20]/u.test(this.text.value)) this.#follow().then((mentioning) => mentioning?.look());
    if (!isBlank(this.text.value)) this.#acts.typed();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#keep, KEEP_AFTER_MS);
  }

  #submit(event) {
    event.preventDefault();
    const text = this.text.value;
    if (this.#tray?.isGoing || (isBlank(text) && !this.#hasFiles && !(this.#isCaption && this.#edited.seq === undefined))) return; // a caption that waits may be taken away
    if (excessOf(text, this.#textMax) > 0) this.#acts.fail(new Error(this.#isCaption ? gettext("This caption is too long and was not saved. All of it is still here: shorten it.") : gettext("This message is too long and was not sent. All of it is still here: shorten it, or send it in parts.")));
    else if (this.#edited) this.#submitEdit(text);
    else if (this.#hasFiles) this.#submitFiles();
    else this.#submitMessage(text);
  }

  get #hasFiles() {
    return !this.#edited && this.#tray !== null && !this.#tray.isEmpty;
  }

  get #isCaption() {
    return this.#edited !== null && this.#edited.type !== "t";
  }

  get #textMax() {
    return this.#isCaption ? CAPTION_MAX_CHARS : this.#client.limits.text_max_chars ?? TEXT_MAX_CHARS;
  }

  #submitFiles(written = this.#written) {
    this.text.focus();
    return this.#tray.submit({ ...written, mentions: this.#mentionsIn(written.text, written.marked) });
  }

  /** A text has gone with files: what was typed since stays. */
  #taken({ text, reply }) {
    const now = this.#aside ?? this.#written;
    const left = { ...now, text: now.text.startsWith(text) ? now.text.slice(text.length) : now.text, reply: now.reply === reply ? null : now.reply };
    if (this.#aside) this.#aside = left;
    else this.#put(left);
  }

  /** Something that is no text goes as an answer to what is replied to. */
  async #sendOne(send) {
    const reply = this.#reply;
    this.#reply = null;
    this.#drawNotice();
    try {
      await send(reply?.seq ?? null);
      this.#keep();
    } catch (error) {
      this.#reply = reply;
      this.#drawNotice();
      this.#acts.fail(error);
    }
  }

  /** `press`: the pointer that holds the button; without one, a key has started it. */
  async #record(press = null) {
    if (this.#note) return;
    press?.preventDefault(); // the focus stays where it is
    const hold = press && holdOf(press); // from now on: the press may be over before anything else is loaded
    const module = await loaded(() => import("./voice_note.js"), this.#acts.fail);
    if (!module || this.#note || !this.node.isConnected) return;
    this.#note = new module.VoiceNote(this.#client, {
      send: (blob, facts) => this.#acts.sendFile(blob, facts, this.#reply?.seq ?? null).then(() => this.#put({ ...this.#written, reply: null })),
      quiet: this.#acts.quiet, fail: this.#acts.fail,
      over: () => {
        this.#note = null;
        this.#keep();
        this.text.focus();
      },
    });
    await this.#note.start(this.line, hold);
  }

  /** A microphone stands in place of Send while there is nothing to send. */
  #showButtons() {
    const isEmpty = !this.#edited && isBlank(this.text.value) && (this.#tray?.isEmpty ?? true);
    const canRecord = Boolean(globalThis.MediaRecorder && navigator.mediaDevices?.getUserMedia);
    this.microphone.hidden = !isEmpty || !canRecord;
    this.button.hidden = !this.microphone.hidden;
    this.attach.button.hidden = Boolean(this.#edited);
    if (this.#tray) this.#tray.node.hidden = Boolean(this.#edited) || this.#tray.isEmpty;
  }

  async #submitEdit(text) {
    const message = this.#edited;
    const { marked } = this.#written;
    this.#endEdit();
    this.text.focus();
    try {
      await this.#acts.edit(message, text, await this.#mentionsIn(text, marked));
    } catch (error) {
      this.edit(message, text, marked); // it is still here
      this.#acts.fail(error);
    }
  }

  async #submitMessage(text) {
    const reply = this.#reply;
    const { marked } = this.#written;
    const mentions = this.#mentionsIn(text, marked);
    this.#put({}); // at once, so that the next word does not go with this one
    this.text.focus();
    try {
      await this.#acts.send(text, reply?.seq ?? null, Array.isArray(mentions) ? mentions : await mentions);
      this.#keep();
    } catch (error) {
      this.#put({ text: text + this.text.value, reply: this.#reply ?? reply, marked }); // this browser could not keep it: it is still here
      this.#acts.fail(error);
    }
  }

  #keep = () => {
    clearTimeout(this.#timer);
    this.#client.drafts.put(this.#lane, this.#aside ?? this.#written);
  };

  #grow() {
    this.text.style.height = "auto";
    this.text.style.height = `${Math.min(this.text.scrollHeight, 168)}px`;
    this.counter.count(this.#textMax, this.#isCaption);
    this.#showButtons();
  }
}
