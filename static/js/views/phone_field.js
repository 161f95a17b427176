// Wherever a phone number is asked for: the number, the country where the number does not say it, and what was understood.
//
//   const phone = new PhoneField({ rest, country: "DE" });     // country: chosen at first, "" for none
//   form([phone, …], "Send", async () => { const { phone_number: number, international } = await phone.read(); … })

import { gettext, gettextNodes } from "../language.js";
import { regionName } from "../locale.js";
import { listCountries, readDigits } from "../numbers.js";
import { el, show } from "./dom.js";

const PAUSE_MS = 350; // after the last key
const DIGITS_MIN = 6; // before that nothing is said: the number is still being written

export class PhoneField {
  #rest;
  #timer = null;
  #round = 0;

  constructor({ rest, country = "", attributes = {} }) {
    this.#rest = rest;
    this.input = el("input", { name: "number", type: "tel", required: true, dir: "ltr", autocomplete: "off", placeholder: "+49 30 901820", maxlength: 64, "aria-describedby": "understood", oninput: () => this.#typed(), ...attributes });
    this.select = el("select", { name: "country", dir: "auto", onchange: () => this.#typed() },
      ...[["", gettext("Choose a country")], ...listCountries()].map(([key, label]) => el("option", { value: key, selected: key === country }, label)));
    this.country = el("label.field", {}, el("span", {}, gettext("Country")), this.select);
    this.note = el("p.field-note", { id: "understood", role: "status" });
    if (this.input.value) this.#typed();
    this.node = el("div.phone", {}, el("label.field", {}, el("span", {}, gettext("Phone number")), this.input), this.country, this.note);
  }

  stop() {
    clearTimeout(this.#timer);
  }

  /** The number as the server understands it: {phone_number, international, …}. Throws what to tell whoever wrote it. */
  async read() {
    this.stop();
    const { hasCode } = readDigits(this.input.value);
    if (!hasCode && !this.select.value) {
      this.select.focus();
      throw new Error(gettext("Choose the country of this number, or begin it with + and the country code."));
    }
    const read = await this.#ask();
    this.#show(read);
    if (!read.is_possible) throw new Error(problemOf(read));
    return read;
  }

  #ask() {
    return this.#rest.post("/auth/phone_number", { phone_number: this.input.value, country: this.select.value || null });
  }

  #typed() {
    clearTimeout(this.#timer);
    this.#round += 1;
    show(this.note, "");
    let read;
    try {
      read = readDigits(this.input.value);
    } catch {
      this.country.hidden = this.input.value.trim().startsWith("+");
      return; // said when it is sent
    }
    this.country.hidden = read.hasCode;
    if (read.digits.length < DIGITS_MIN || (!read.hasCode && !this.select.value)) return;
    const round = this.#round;
    this.#timer = setTimeout(async () => {
      const answer = await this.#ask().catch(() => null);
      if (answer && round === this.#round) this.#show(answer);
    }, PAUSE_MS);
  }

  #show({ international, country, is_possible: isPossible, is_valid: isValid }) {
    this.note.classList.toggle("is-doubtful", !isValid);
    const number = el("bdi", { dir: "ltr" }, international);
    const said = country ? gettextNodes("{country}, {number}", { country: regionName(country), number }) : [number];
    const doubt = !isPossible ? gettext("This is too short or too long.") : isValid ? "" : gettext("No such number is known. Check it.");
    this.note.replaceChildren(...said, doubt && ` ${doubt}`);
  }
}

const problemOf = ({ international: number, country }) => (country
  ? gettext("{number} ({country}) is too short or too long.", { number, country: regionName(country) })
  : gettext("{number} is too short or too long.", { number }));
