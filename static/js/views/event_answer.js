// One's own answer to an event: two buttons of which one is pressed, a few words beside it for whoever wants to, and ready answers.

import { gettext } from "../language.js";
import { el, icon, show } from "./dom.js";
import { withNote } from "./event_texts.js";

const NOTE_MAX_CHARS = 60;
const FEW = { true: 3, false: 2 }; // ready answers of each kind beside the question

export class EventAnswer {
  #send;
  #sampleReplies;
  #isBusy = false;
  #answer = null; // what is known of it: true, false, or null
  #note = "";
  #replies = null;

  /** `send(isGoing, note, hadFocus)` rejects with what is shown, `hadFocus`: the focus was here before; `sampleReplies()` resolves with [{text, type}]. */
  constructor({ send, sampleReplies }) {
    this.#send = send;
    this.#sampleReplies = sampleReplies;
    this.question = el("h3", {}, gettext("Are you going?"));
    this.yes = el("button", { type: "button", onclick: () => this.#choose(true) }, icon("tick"), gettext("Going"));
    this.no = el("button", { type: "button", onclick: () => this.#choose(false) }, icon("close"), gettext("Not going"));
    this.mine = el("p.event-mine", { role: "status" });
    this.more = el("button.chip", { type: "button", "aria-expanded": "false", onclick: () => this.#unfold(this.form.hidden) });
    this.words = el("input", { maxlength: NOTE_MAX_CHARS, dir: "auto", autocomplete: "off", placeholder: gettext("A few words"), "aria-label": gettext("A few words with your answer") });
    this.save = el("button", { type: "submit" }, gettext("Save"));
    this.form = el("form.event-note", { hidden: true, "aria-label": gettext("Note"), onsubmit: (event) => this.#submit(event) }, this.words, this.save);
    this.chips = el("div.chips", { role: "group", "aria-label": gettext("Ready answers") }, this.more);
    this.problem = el("p.problem", { role: "alert" });
    this.node = el("div.event-answer", { hidden: true }, this.question,
      el("div.segments", { role: "group", "aria-label": gettext("Your answer") }, this.yes, this.no), this.mine, this.chips, this.form, this.problem);
  }

  /** `answer`: true, false, or null; `note`: what is written beside it, or "". Nobody asks whether somebody will go to what is over. */
  show({ isShown, isPast, answer, note }) {
    this.node.hidden = !isShown;
    const isOther = answer !== this.#answer || note !== this.#note;
    this.#answer = answer;
    this.#note = note;
    this.question.hidden = isPast || answer !== null;
    for (const [button, value] of [[this.yes, true], [this.no, false]]) button.setAttribute("aria-pressed", String(answer === value));
    const [yes, no] = isPast ? [gettext("You said yes"), gettext("You said no")] : [gettext("You are going"), gettext("You are not going")];
    show(this.mine, answer === null || !note ? "" : withNote(answer ? yes : no, note));
    if (isOther && answer !== null) this.#unfold(false);
    this.#draw();
    if (isShown) this.#loadReplies();
  }

  /** Ready answers, once: a touch answers with these words. Without them one still writes own ones. */
  async #loadReplies() {
    if (this.#replies) return;
    this.#replies = [];
    try {
      this.#replies = await this.#sampleReplies();
      this.#draw();
    } catch {
      this.#replies = null;
    }
  }

  /** Without an answer a few ready ones are there; beside an answer all that go with it, while one writes. */
  #draw() {
    const isOpen = !this.form.hidden;
    const replies = (this.#replies ?? []).map(({ text, type }) => ({ text, isYes: type === "accept" }));
    const some = [true, false].flatMap((kind) => replies.filter(({ isYes }) => isYes === kind).slice(0, this.#answer === null ? FEW[kind] : Infinity));
    const fitting = some.filter(({ isYes }) => (this.#answer === null ? true : isOpen && isYes === this.#answer));
    const key = JSON.stringify([fitting, this.#answer, Boolean(this.#note), isOpen]);
    if (key === this.drawn) return;
    this.drawn = key;
    this.save.hidden = this.#answer === null;
    this.more.replaceChildren(icon("pen"), this.#note ? gettext("Change the note") : gettext("Add a note"));
    this.more.setAttribute("aria-expanded", String(isOpen));
    while (this.more.nextSibling) this.more.nextSibling.remove();
    this.chips.append(...fitting.map(({ text, isYes }) => el("button.chip", {
      type: "button", dir: "auto", "aria-label": withNote(isYes ? gettext("Going") : gettext("Not going"), text), onclick: () => this.#give(isYes, text),
    }, icon(isYes ? "tick" : "close"), text)));
  }

  #unfold(isOpen) {
    if (this.form.hidden !== isOpen) return;
    const hadFocus = this.form.contains(document.activeElement);
    this.form.hidden = !isOpen;
    if (isOpen) {
      this.words.value ||= this.#note;
      this.words.focus();
    } else if (hadFocus) this.more.focus();
    this.#draw();
  }

  /** What stands in the open field goes with the answer; words of another answer do not. */
  #choose(isGoing) {
    const isSame = isGoing === this.#answer;
    this.#give(isGoing, this.form.hidden ? (isSame ? this.#note : "") : this.words.value.trim());
  }

  #submit(event) {
    event.preventDefault();
    if (this.#answer !== null) return this.#give(this.#answer, this.words.value.trim());
    show(this.problem, gettext("Choose “Going” or “Not going”, and your note is sent with it."));
    this.yes.focus();
  }

  async #give(isGoing, note) {
    if (this.#isBusy) return;
    this.#isBusy = true;
    const hadFocus = this.node.contains(document.activeElement); // a chip goes as soon as the answer is known
    show(this.problem, "");
    try {
      await this.#send(isGoing, note, hadFocus);
      this.words.value = "";
      this.#unfold(false);
    } catch (error) {
      show(this.problem, error.message);
    } finally {
      this.#isBusy = false;
    }
  }
}
