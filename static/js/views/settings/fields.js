// What sections of the settings are made of: forms that say when they are saved, settings that are saved as soon as they are chosen, and what must be loaded first.

import { gettext } from "../../language.js";
import { form } from "../dialogs.js";
import { el, show } from "../dom.js";

let count = 0; // of settings so far, for their ids

/** A form below a heading that says when what it holds is saved. */
export function savedForm(title, fields, action, save, hint = null) {
  const said = el("p.saved", { role: "status" });
  const node = form(fields, action, async (values) => {
    show(said, "");
    await save(values);
    show(said, gettext("Saved"));
  });
  node.addEventListener("input", () => show(said, ""));
  node.querySelector(".buttons").prepend(said);
  return el("section.setting", {}, el("h2", {}, title), hint ? el("p.hint", {}, hint) : null, node);
}

/**
 * A choice that is saved at once: `control` is a select or a checkbox, `save(value)` keeps it. What comes of it is said below, and
 * what was refused goes back to what holds. Choices that follow each other quickly are saved in their order.
 */
export function savedAtOnce({ control, label, hint = "", held, save }) {
  const id = `setting-${++count}`;
  const said = el("p.saved", { id, role: "status" });
  const isSwitch = control.type === "checkbox";
  const key = isSwitch ? "checked" : "value";
  let last = Promise.resolve();
  control[key] = held;
  control.setAttribute("aria-describedby", hint ? `${id} ${id}-hint` : id);
  const attempt = async (wanted) => {
    try {
      await save(wanted);
      held = wanted;
      if (control[key] === wanted) say(gettext("Saved"));
    } catch (error) {
      if (control[key] !== wanted) return;
      control[key] = held;
      say(gettext("Not saved: {problem}", { problem: error.message }), true);
    }
  };
  const say = (text, isProblem = false) => {
    said.classList.toggle("problem", isProblem);
    show(said, text);
  };
  control.addEventListener("change", () => {
    const wanted = control[key];
    say(gettext("Saving…"));
    last = last.then(() => attempt(wanted));
  });
  return el("div.setting-line", {},
    el("label", { class: isSwitch ? "is-switch" : null }, el("span", {}, label), control),
    hint ? el("p.hint", { id: `${id}-hint` }, hint) : null, said);
}

export function select(options) {
  return el("select", {}, ...options.map(([value, label]) => el("option", { value }, label)));
}

export const checkbox = () => el("input", { type: "checkbox" });

/** A place for what `load()` brings and `draw(answer)` draws: until then it says so, and where it fails it says why and offers another try. */
export function loaded(load, draw) {
  const place = el("div", { "aria-busy": "true" }, el("div.waits", {}, el("span"), el("span"), el("span.unseen", {}, gettext("Loading…"))));
  const begin = async () => {
    try {
      place.replaceChildren(...[await draw(await load())].flat());
    } catch (error) {
      place.replaceChildren(el("p.problem", { role: "alert" }, error.message), el("button", { type: "button", onclick: begin }, gettext("Try again")));
    }
    place.removeAttribute("aria-busy");
  };
  begin();
  return place;
}
