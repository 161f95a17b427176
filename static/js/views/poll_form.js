// Asks for a poll: a question, answers to choose from, and what holds for it.

import { gettext, ngettext } from "../language.js";
import { form, openDialog } from "./dialogs.js";
import { el } from "./dom.js";

const LEAST = 2, MOST = 12; // answers
const QUESTION_MAX_CHARS = 256, ANSWER_MAX_CHARS = 128;

/** As the server stores an answer: two that differ in white space alone say the same. */
const oneLine = (text) => text.replace(/\s+/g, " ").trim();

/** Resolves with the message to send, or null. */
export function askPoll() {
  return openDialog(gettext("New poll"), (close) => {
    const answers = el("fieldset.poll-answers", {}, el("legend", {}, gettext("Answers")));
    // Below the last answer that says something stands an empty one, so that there is always room for another.
    const grow = () => {
      const inputs = [...answers.querySelectorAll("input")];
      const wanted = Math.min(MOST, Math.max(LEAST, inputs.findLastIndex((input) => input.value.trim()) + 2));
      for (let place = inputs.length; place < wanted; place++) answers.append(el("input", { name: "answer", dir: "auto", maxlength: ANSWER_MAX_CHARS, autocomplete: "off", "aria-label": gettext("Answer {place}", { place: place + 1 }), oninput: grow }));
    };
    grow();
    const check = (name, label) => el("label.check", {}, el("input", { type: "checkbox", name }), el("span", {}, label));
    return form([
      ["question", gettext("Question"), "", { required: true, maxlength: QUESTION_MAX_CHARS }],
      { node: answers },
      { node: check("multiple", gettext("Several answers may be chosen")) },
      { node: check("secret", gettext("Nobody sees who voted for what")) },
      ["closes", gettext("Open until (optional)"), "", { type: "datetime-local" }],
    ], gettext("Send"), ({ question, multiple, secret, closes }) => {
      const options = [...answers.querySelectorAll("input")].map((input) => oneLine(input.value)).filter(Boolean);
      if (!question.trim()) throw new Error(gettext("A poll needs a question."));
      if (options.length < LEAST) throw new Error(ngettext("A poll needs at least {count} answer.", "A poll needs at least {count} answers.", LEAST));
      if (new Set(options).size < options.length) throw new Error(gettext("Two answers say the same."));
      if (closes && new Date(closes) <= new Date()) throw new Error(gettext("This time has passed. Choose a later one."));
      const rules = { ...(multiple ? { multiple: true } : {}), ...(secret ? { secret: true } : {}), ...(closes ? { closes_at: new Date(closes).toISOString() } : {}) };
      close({ type: "p", question: question.trim(), options, ...rules });
    }, () => close(null));
  });
}
