// Chooses one emoji: those used lately, all of them in their groups, and a search by their names.

import { TONES, chooseTone, chosenTone, find, loadEmoji, namesLanguage, recentEmoji, rememberEmoji, toned } from "../emoji.js";
import { gettext, ngettext } from "../language.js";
import { openDialog } from "./dialogs.js";
import { el } from "./dom.js";

const TONE_NAMES = [gettext("No skin tone"), gettext("Light skin tone"), gettext("Medium-light skin tone"), gettext("Medium skin tone"), gettext("Medium-dark skin tone"), gettext("Dark skin tone")];
const STEPS = { ArrowRight: 1, ArrowLeft: -1 };
const FOUND_MAX = 200;

/** Resolves with the chosen emoji, or null. */
export function pickEmoji() {
  return openDialog(gettext("Choose an emoji"), (close) => new Picker(close).nodes(), { className: "emoji-dialog" });
}

class Picker {
  #close;
  #groups = null;
  #tone = chosenTone();

  constructor(close) {
    this.#close = (text) => {
      rememberEmoji(text);
      close(text);
    };
    this.search = el("input.search", { type: "search", placeholder: gettext("Search"), "aria-label": gettext("Search emoji"), autocomplete: "off", enterkeyhint: "done",
      oninput: () => this.#draw(), onkeydown: (event) => this.#leaveSearch(event) });
    this.status = el("p.unseen", { role: "status" });
    this.body = el("div.emoji-groups", { lang: namesLanguage, onkeydown: (event) => this.#move(event), onclick: (event) => this.#choose(event), onfocusin: (event) => this.#enter(event) });
    this.tones = el("div.emoji-tones", { role: "radiogroup", "aria-label": gettext("Skin tone") });
  }

  nodes() {
    this.#drawTones();
    this.#load();
    return [this.search, this.status, this.body, this.tones];
  }

  async #load() {
    this.body.replaceChildren(el("p.empty", {}, gettext("Loading…")));
    try {
      this.#groups = await loadEmoji();
      this.#draw();
    } catch (error) {
      this.body.replaceChildren(el("p.empty", { role: "alert" }, error.message), el("div.buttons", {}, el("button", { type: "button", onclick: () => this.#load() }, gettext("Try again"))));
    }
  }

  #draw() {
    if (!this.#groups) return;
    const { value } = this.search;
    if (value.trim()) {
      const found = find(this.#groups, value).slice(0, FOUND_MAX);
      this.status.textContent = ngettext("{count} emoji", "{count} emoji", found.length);
      this.body.replaceChildren(found.length ? this.#group(gettext("Found"), found) : el("p.empty", {}, gettext("Nothing is called “{text}”.", { text: value.trim() })));
    } else {
      this.status.textContent = "";
      const known = new Map(this.#groups.flatMap(({ emoji }) => emoji.map((each) => [each.text, each])));
      const recent = recentEmoji().map((text) => known.get(text) ?? { text, name: text, hasTones: false });
      this.body.replaceChildren(...[recent.length ? this.#group(gettext("Used lately"), recent) : null, ...this.#groups.map(({ name, emoji }) => this.#group(name, emoji))].filter(Boolean));
    }
    const first = this.body.querySelector(".emoji");
    if (first) first.tabIndex = 0;
    this.body.scrollTop = 0;
  }

  #group(title, emoji) {
    return el("section.emoji-group", { "aria-label": title }, el("h3", {}, title), el("div.emoji-grid", {}, ...emoji.map(({ text, name, hasTones }) => {
      const shown = hasTones ? toned(text, this.#tone) : text;
      return el("button.emoji", { type: "button", tabindex: "-1", "aria-label": name, title: name, "data-text": shown }, shown);
    })));
  }

  #drawTones() {
    this.tones.replaceChildren(...TONES.map((tone, place) => el("label.emoji-tone", { title: TONE_NAMES[place] },
      el("input.unseen", { type: "radio", name: "tone", checked: tone === this.#tone, "aria-label": TONE_NAMES[place], onchange: () => this.#chooseTone(tone) }),
      el("span", { "aria-hidden": "true" }, toned("✋", tone)))));
  }

  #chooseTone(tone) {
    this.#tone = tone;
    chooseTone(tone);
    this.#draw();
  }

  #choose({ target }) {
    const button = target.closest(".emoji");
    if (button) this.#close(button.dataset.text);
  }

  #leaveSearch(event) {
    if (event.isComposing) return;
    const first = this.body.querySelector(".emoji");
    if (event.key === "ArrowDown") first?.focus();
    else if (event.key === "Enter") this.#chooseFound();
    else return;
    event.preventDefault();
  }

  /** The first that is found, also by somebody who types faster than the names come. */
  async #chooseFound() {
    const groups = await loadEmoji().catch(() => []); // which is said by #load
    const [first] = find(groups, this.search.value);
    if (first) this.#close(first.hasTones ? toned(first.text, this.#tone) : first.text);
  }

  /** One stop for Tab, wherever the arrows went. */
  #enter({ target }) {
    if (!target.matches(".emoji")) return;
    for (const each of this.body.querySelectorAll(".emoji[tabindex='0']")) each.tabIndex = -1;
    target.tabIndex = 0;
  }

  #move(event) {
    const here = document.activeElement;
    if (!here?.matches(".emoji")) return;
    const all = [...this.body.querySelectorAll(".emoji")];
    const place = all.indexOf(here);
    const isFromRight = getComputedStyle(this.body).direction === "rtl";
    let next = null;
    if (event.key in STEPS) next = all[place + STEPS[event.key] * (isFromRight ? -1 : 1)];
    else if (event.key === "ArrowDown") next = nearestBelow(here, all.slice(place + 1));
    else if (event.key === "ArrowUp") next = nearestBelow(here, all.slice(0, place).reverse()) ?? this.search;
    else if (event.key === "Home") next = all[0];
    else if (event.key === "End") next = all.at(-1);
    else return;
    event.preventDefault();
    next?.focus();
  }
}

/** The emoji of the next row, in whichever direction `others` go, that is nearest to where one is. */
function nearestBelow(here, others) {
  const row = others.find((each) => each.offsetTop !== here.offsetTop)?.offsetTop;
  const candidates = others.filter((each) => each.offsetTop === row);
  return candidates.sort((one, other) => Math.abs(one.offsetLeft - here.offsetLeft) - Math.abs(other.offsetLeft - here.offsetLeft))[0] ?? null;
}
