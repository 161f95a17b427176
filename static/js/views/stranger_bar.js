// In the chat with somebody who is not in the address book: who they are, and to add, block or report them.

import { gettext, gettextNodes, pgettext } from "../language.js";
import { addContact, block, report } from "./contact_acts.js";
import { el } from "./dom.js";

export class StrangerBar {
  #client;
  #number;
  #off;

  constructor(client, number) {
    this.#client = client;
    this.#number = number;
    this.text = el("p");
    this.block = el("button.danger", { type: "button", onclick: () => block(client, number) }, gettext("Block"));
    this.node = el("aside.stranger", { "aria-label": gettext("Not in your contacts"), hidden: true }, this.text,
      el("div.buttons", {}, el("button.primary", { type: "button", onclick: () => addContact(client, number) }, gettext("Add to contacts")), this.block,
        el("button", { type: "button", onclick: () => report(client, number) }, pgettext("verb", "Report"))));
    this.#off = client.on("people", () => this.#draw());
    this.#draw();
  }

  stop() {
    this.#off();
  }

  #draw() {
    const { people } = this.#client;
    const number = this.#number;
    this.node.hidden = !people.isLoaded || people.contacts.has(number) || people.blocked?.has(number) || number === people.me.number;
    this.block.hidden = people.blocked === null;
    this.text.replaceChildren(...gettextNodes("{who} is not in your contacts.", { who: el("bdi", {}, people.nameOf(number)) }));
  }
}
