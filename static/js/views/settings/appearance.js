// How this browser shows everything: in which language, how, and what Enter does.

import { gettext } from "../../language.js";
import { choosePreference, onPreferences, preference } from "../../preferences.js";
import { el } from "../dom.js";
import { languageChoice } from "../language_choice.js";
import { timeOf } from "../times.js";

const CHOICES = [
  ["theme", gettext("Colours"), [["system", gettext("As the system")], ["light", gettext("Light")], ["dark", gettext("Dark")]]],
  ["text", gettext("Size of the text"), [["small", gettext("Small")], ["medium", gettext("Medium")], ["large", gettext("Large")], ["largest", gettext("Largest")]]],
  ["clock", gettext("Clock"), [["language", gettext("By language")], ["12", gettext("12 hours")], ["24", gettext("24 hours")]]],
  ["enter", gettext("Enter while writing"), [["send", gettext("Sends the message")], ["line", gettext("Begins a line; Ctrl Enter sends")]]],
];

export function open(client) {
  return new Appearance(client);
}

class Appearance {
  #off;

  constructor(client) {
    const store = (chosen) => client.rest.post("/api/account/language/", { language: chosen === "system" ? null : chosen });
    this.problem = el("p.problem", { role: "alert" });
    this.clock = el("p.hint");
    this.radios = [];
    this.node = el("div", {}, el("p.hint", {}, gettext("These hold in this browser, in all of its windows.")), el("section.setting", {}, languageChoice(store)), ...CHOICES.map((one) => this.#choice(one)), this.problem);
    this.#off = onPreferences(() => this.#draw());
    this.#draw();
  }

  stop() {
    this.#off();
  }

  #choice([name, legend, options]) {
    return el("fieldset.choices.setting", {}, el("legend", {}, legend), ...options.map(([value, label]) => {
      const radio = el("input", { type: "radio", name, value, onchange: () => this.#choose(name, value) });
      this.radios.push(radio);
      return el("label.choice", {}, radio, el("span", {}, label));
    }), name === "clock" ? this.clock : null);
  }

  #choose(name, value) {
    this.problem.textContent = "";
    try {
      choosePreference(name, value);
    } catch {
      this.problem.textContent = gettext("This browser keeps nothing, so this cannot be chosen.");
      this.#draw();
    }
  }

  /** Also what was chosen in another window. */
  #draw() {
    for (const radio of this.radios) radio.checked = preference(radio.name) === radio.value;
    this.clock.textContent = gettext("It is {time}.", { time: timeOf(new Date().toISOString()) });
  }
}
