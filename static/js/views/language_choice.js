// Chooses the language of the page, which begins anew in it.

import { gettext, LANGUAGES } from "../language.js";
import { choosePreference, preference } from "../preferences.js";
import { el, show } from "./dom.js";

const SETTLED_MS = 700; // of whoever goes through the list with the arrow keys, where each press chooses

/** A label with its select. `store(chosen)` tells the server, which writes to people outside of the page: the page changes also where it cannot. */
export function languageChoice(store = async () => {}) {
  const problem = el("p.problem", { role: "alert", hidden: true });
  let timer = null;
  const choose = async (value) => {
    try {
      choosePreference("language", value);
    } catch {
      select.value = preference("language");
      problem.hidden = false;
      return show(problem, gettext("This browser keeps nothing, so this cannot be chosen."));
    }
    await store(value).catch(() => {});
    location.reload();
  };
  const options = Object.entries(LANGUAGES).map(([value, name]) => el("option", { value, lang: value }, name));
  const select = el("select", { "aria-describedby": "language-hint", onchange: () => {
    clearTimeout(timer);
    timer = setTimeout(() => choose(select.value), SETTLED_MS);
  } }, el("option", { value: "system" }, gettext("As the device says")), ...options);
  select.value = preference("language");
  return el("div.setting-line.language-choice", {}, el("label", {}, el("span", {}, gettext("Language")), select),
    el("p.hint", { id: "language-hint" }, gettext("The page starts again in the language that you choose.")), problem);
}
