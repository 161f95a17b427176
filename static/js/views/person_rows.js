// Rows of people in a list, each with a link and, where something can be done, a button for its menu. A row stays itself while what it
// shows changes: a press that has begun on it is not lost, nor an open menu, nor the focus.

import { gettext } from "../language.js";
import { arrange, attempt, avatar, el, iconButton, keepingFocus } from "./dom.js";
import "./presses.js";

export class PersonRows {
  #list;
  #openMenu;
  #rows = new Map(); // number -> { node, link, version }

  /** `openMenu(button, number)`: the menu of somebody was asked for. */
  constructor(list, openMenu) {
    this.#list = list;
    this.#openMenu = openMenu;
  }

  /** `people`: {number, name, photo, line (text or a node), href (null: no link), hasMenu} of each, in their order. */
  show(people) {
    for (const person of people) {
      const version = JSON.stringify([person, person.line.textContent]);
      const row = this.#rows.get(person.number) ?? this.#make(person);
      if (row.version === version) continue;
      row.version = version;
      attempt(() => this.#draw(row, person), () => row.link.replaceChildren(person.name));
    }
    const shown = new Set(people.map(({ number }) => number));
    for (const number of this.#rows.keys()) if (!shown.has(number)) this.#rows.delete(number);
    keepingFocus(() => arrange(this.#list, people.map(({ number }) => this.#rows.get(number).node)));
  }

  /** The button of somebody's menu, if there is one. */
  buttonOf(number) {
    return this.#rows.get(number)?.node.querySelector("button") ?? null;
  }

  #make({ number, href }) {
    const link = el(href ? "a.person-link" : "span.person-link");
    const row = { node: el("li.person", { "data-number": number }, link), link, version: "" };
    this.#rows.set(number, row);
    return row;
  }

  #draw({ node, link }, { number, name, photo, line, href, hasMenu }) {
    link.replaceChildren(avatar(name, photo), el("span.person-name", { dir: "auto" }, name), el("span.person-line", {}, line));
    if (href) link.setAttribute("href", href);
    const button = node.querySelector("button");
    const label = gettext("Actions for {name}", { name });
    if (!hasMenu) button?.remove();
    else if (!button) node.append(iconButton("more", label, ({ currentTarget }) => this.#openMenu(currentTarget, number), { "aria-haspopup": "menu" }));
    else for (const attribute of ["aria-label", "title"]) button.setAttribute(attribute, label);
  }
}
