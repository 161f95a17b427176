// Members of a chat are mentioned in a text while it is written: what is known of their places, and a list to choose from behind an "@".

import { cleaned, marksOf, mentionsOf, moved, queryAt } from "../mention_marks.js";

const SEVERAL = new Set(["group", "event"]); // kinds of chats in which it is not clear who is meant
const OF_THE_CARET = /^(Arrow(Left|Right)|Home|End)$/u; // keys

export class Mentioning {
  #client;
  #text;
  #acts;
  #marks = []; // in `#seen`, which the field said when they were true
  #seen = "";
  #list = null; // MentionList, once somebody wrote an "@"
  #isLoading = false;

  /** `text`: the field; `acts`: {chat() or null, nameOf(number)}; `marked`: as for `put`. */
  constructor(client, text, acts, marked) {
    this.#client = client;
    this.#text = text;
    this.#acts = acts;
    text.addEventListener("click", () => this.look());
    text.addEventListener("keyup", ({ key }) => OF_THE_CARET.test(key) && this.look());
    text.addEventListener("blur", () => this.close());
    this.put(marked);
  }

  /** Their places in what the field says now. */
  get #current() {
    this.#marks = moved(this.#marks, this.#seen, this.#text.value, this.#text.selectionEnd);
    this.#seen = this.#text.value;
    return this.#marks;
  }

  /** Who is mentioned in what the field says now: {text, mentions}. */
  get marked() {
    return { text: this.#text.value, mentions: mentionsOf(this.#text.value, this.#current) };
  }

  /** The field says something else, in which is mentioned what still stands there of `mentions` in `text`. */
  put({ text, mentions }) {
    this.#marks = marksOf(text, mentions);
    this.#seen = text;
    this.close();
  }

  /** The caret is somewhere else, or another letter was typed: perhaps a name is begun there. */
  async look() {
    if (this.#current.length) this.#clean();
    const { selectionStart: caret, selectionEnd, value } = this.#text;
    const begun = caret === selectionEnd ? queryAt(value, caret, this.#current) : null;
    const chat = begun && this.#acts.chat();
    if (!SEVERAL.has(chat?.kind)) return this.close();
    if (this.#list) return this.#list.look(chat, begun);
    if (this.#isLoading) return;
    this.#isLoading = true;
    const module = await import("./mention_list.js").catch(() => null); // the text is a text without it, too
    this.#isLoading = false;
    if (!module || !this.#text.isConnected) return;
    this.#list = new module.MentionList(this.#client, this.#text, { choose: (begun, number, name) => this.#choose(begun, number, name), nameOf: this.#acts.nameOf });
    this.look();
  }

  /** Whether the list took this key. */
  key(event) {
    return this.#list?.key(event) ?? false;
  }

  close() {
    this.#list?.close();
  }

  #choose({ start, query }, number, name) {
    const text = this.#text;
    const [words, end] = [`@${name}`, start + 1 + query.length];
    const isFollowed = /^\s/u.test(text.value.slice(end));
    const known = this.#current;
    text.setRangeText(isFollowed ? words : `${words} `, start, end, "end");
    if (isFollowed) text.setSelectionRange(start + words.length + 1, start + words.length + 1);
    this.#marks = [...moved(known, this.#seen, text.value, text.selectionEnd), { number, start, end: start + words.length }];
    this.#seen = text.value;
    text.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /** What the server would take out of the text would move its mentions. */
  #clean() {
    const { value, selectionEnd } = this.#text;
    const clean = cleaned(value);
    if (clean === value) return;
    const caret = cleaned(value.slice(0, selectionEnd)).length;
    this.#text.value = clean;
    this.#text.setSelectionRange(caret, caret);
  }
}

/** The mentions of a text that are left after it became another one. */
export const mentionsLeft = (after, { text, mentions }) => mentionsOf(after, moved(marksOf(text, mentions), text, after));
