// The address book: find, add, rename, remove, block; from here a chat with somebody begins.

import { numberFields, readNumber } from "../numbers.js";
import { byName } from "../words.js";
import { confirmed, openForm, openMenu } from "./dialogs.js";
import { attempt, avatar, el, iconButton, perFrame } from "./dom.js";
import { lastSeenOf } from "./times.js";

const NAMES = (contact = {}) => [
  ["first", "First name", contact.first_name, { maxlength: "256" }],
  ["last", "Last name", contact.last_name, { maxlength: "256" }],
];

export class ContactsView {
  #client;
  #navigate;
  #query = "";
  #off;

  constructor(client, navigate) {
    this.#client = client;
    this.#navigate = navigate;
    this.list = el("ul.people", { role: "list" });
    this.empty = el("p.empty");
    this.title = el("h1.title", { tabindex: "-1" }, "Contacts");
    this.node = el("section.page", { "aria-label": "Contacts" },
      el("header.bar", {}, iconButton("back", "Back to the chats", () => navigate("#/"), { class: "icon-button back" }), el("div.bar-text", {}, this.title),
        el("button.primary", { type: "button", onclick: () => this.#add() }, "Add contact")),
      el("div.page-body", {},
        el("input.search", { type: "search", placeholder: "Search contacts", "aria-label": "Search contacts", oninput: (event) => {
          this.#query = event.target.value.trim().toLowerCase();
          this.draw();
        } }), this.list, this.empty));
    this.draw = perFrame(() => this.#draw());
    this.#off = client.on("people", () => this.draw());
  }

  opened() {
    this.#draw();
    this.title.focus();
  }

  stop() {
    this.#off();
  }

  #draw() {
    const { people } = this.#client;
    const focused = document.activeElement?.closest?.("li")?.dataset.number;
    const found = [...people.contacts.values()]
      .map((contact) => ({ contact, name: people.nameOf(contact.contact_id) }))
      .filter(({ contact, name }) => name.toLowerCase().includes(this.#query) || contact.contact_id.includes(this.#query))
      .sort((one, other) => byName(one.name, other.name));
    this.list.replaceChildren(...found.map(({ contact, name }) => attempt(() => this.#row(contact, name), () => el("li.person", {}, name))));
    this.empty.textContent = found.length ? "" : this.#query ? "Nobody has this name or number." : "Your address book is empty. Add somebody by their number.";
    if (focused) this.list.querySelector(`li[data-number="${focused}"] a`)?.focus();
  }

  #row(contact, name) {
    const { people } = this.#client;
    const number = contact.contact_id;
    const isBlocked = people.blocked?.has(number);
    const shown = people.presence.get(number);
    const line = isBlocked ? "Blocked" : !contact.exists ? "Not on this server yet" : shown?.status === "online" ? "online" : shown?.lastSeen ? lastSeenOf(shown.lastSeen) : `+${number}`;
    const inside = [avatar(name, people.photos.get(number)), el("span.person-name", { dir: "auto" }, name), el("span.person-line", {}, line)];
    return el("li.person", { "data-number": number },
      contact.exists ? el("a.person-link", { href: `#/contact/${number}` }, ...inside) : el("span.person-link", {}, ...inside),
      iconButton("more", `Actions for ${name}`, () => this.#menu(contact, name, isBlocked)));
  }

  async #menu(contact, name, isBlocked) {
    const { people } = this.#client;
    const number = contact.contact_id;
    const items = [{ icon: "pen", label: "Rename", value: "rename" }];
    if (people.blocked) items.push({ icon: "close", label: isBlocked ? "Unblock" : "Block", value: "block", isDangerous: !isBlocked });
    items.push({ icon: "close", label: "Remove", value: "remove", isDangerous: true });
    const value = await openMenu(name, items);
    if (value === "rename") await openForm("Rename contact", NAMES(contact), "Save", ({ first, last }) => people.rename(number, first, last));
    else if (value === "block") await this.#try(() => people.block(number, !isBlocked));
    else if (value === "remove" && (await confirmed(`Remove ${name}?`, "Messages with them stay.", "Remove"))) await this.#try(() => people.remove(number));
  }

  async #try(work) {
    try {
      await work();
    } catch (error) {
      this.#client.emit("problem", error.message);
    }
  }

  async #add() {
    const fields = [...numberFields(), ...NAMES()];
    const added = await openForm("Add contact", fields, "Add", async ({ number, country, first, last }) => this.#client.people.add(readNumber(number, country), first, last));
    if (added?.exists) this.#navigate(`#/contact/${added.contact_id}`);
  }
}
