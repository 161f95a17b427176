// A dialog in which several people are chosen.

import { gettext } from "../language.js";
import { compareWords } from "../locale.js";
import { form, openDialog } from "./dialogs.js";
import { avatar, el } from "./dom.js";

const SEARCHED_FROM = 8; // people

/** Resolves with the chosen numbers, or null. */
export function pickPeople(title, people, numbers, action) {
  const named = numbers.map((number) => [number, people.nameOf(number)]).sort(([, one], [, other]) => compareWords(one, other));
  return openDialog(title, (close) => {
    const choices = named.map(([number, name]) => el("label.choice", { "data-name": name.toLowerCase() },
      el("input", { type: "checkbox", name: "numbers", value: number }), avatar(name, people.photos.get(number)), el("span", { dir: "auto" }, name)));
    const search = el("input.search", { type: "search", placeholder: gettext("Search"), "aria-label": gettext("Search"), hidden: named.length < SEARCHED_FROM, oninput: ({ target }) => {
      const query = target.value.trim().toLowerCase();
      for (const choice of choices) choice.hidden = !choice.dataset.name.includes(query);
    } });
    const list = el("fieldset.choices.picked", {}, el("legend.unseen", {}, title), ...choices);
    return form([{ node: search }, { node: list }], action, () => {
      const chosen = choices.map((choice) => choice.querySelector("input")).filter((box) => box.checked).map((box) => box.value);
      if (!chosen.length) throw new Error(gettext("Choose at least one."));
      close(chosen);
    }, () => close(null));
  });
}
