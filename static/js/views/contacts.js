// The address book: find, add, rename, remove, block; from here a chat with somebody begins.

import { favouritesOf } from "../favourites.js";
import { gettext } from "../language.js";
import { compareWords } from "../locale.js";
import { presenceOf } from "./about.js";
import { addNumber, block, removeContact, renameContact, unblock } from "./contact_acts.js";
import { blankOf, el, iconButton, perFrame } from "./dom.js";
import { openMenu } from "./menu.js";
import { PersonRows } from "./person_rows.js";

const SKELETON_ROWS = 6;

export class ContactsView {
  #client;
  #navigate;
  #query = "";
  #rows;
  #off;

  constructor(client, navigate) {
    this.#client = client;
    this.#navigate = navigate;
    this.list = el("ul.people", { role: "list" });
    this.#rows = new PersonRows(this.list, (button, number) => this.#menu(button, number));
    this.empty = el("div");
    this.search = el("input.search", { type: "search", placeholder: gettext("Search people"), "aria-label": gettext("Search people"), oninput: (event) => {
      this.#query = event.target.value.trim().toLowerCase();
      this.draw();
    } });
    this.waits = el("div.skeleton", { "aria-hidden": "true" }, ...Array.from({ length: SKELETON_ROWS }, () => el("div")));
    this.title = el("h1.title", { tabindex: "-1" }, gettext("People"));
    this.node = el("section.page", { "aria-label": gettext("People") },
      el("header.bar", {}, iconButton("back", gettext("Back to the chats"), () => navigate("#/"), { class: "icon-button back" }), el("div.bar-text", {}, this.title),
        el("button.primary", { type: "button", onclick: () => this.#add() }, gettext("Add contact"))),
      el("div.page-body", {},
        this.search, this.list, this.waits, this.empty));
    this.draw = perFrame(() => this.#draw());
    this.#off = client.on("people", () => this.draw());
  }

  opened() {
    this.#draw();
    this.title.focus();
    favouritesOf(this.#client).load().catch(() => {}); // who is marked comes first; without that the list is as good
  }

  stop() {
    this.#off();
  }

  #draw() {
    const { people } = this.#client;
    const favourites = favouritesOf(this.#client);
    const found = [...people.contacts.values()]
      .map((contact) => ({ contact, name: people.nameOf(contact.contact_id), isFavourite: favourites.has(contact.contact_id) }))
      .filter(({ contact, name }) => name.toLowerCase().includes(this.#query) || contact.contact_id.includes(this.#query))
      .sort((one, other) => other.isFavourite - one.isFavourite || compareWords(one.name, other.name));
    this.#rows.show(found.map(({ contact, name, isFavourite }) => this.#factsOf(contact, name, isFavourite)));
    this.waits.hidden = people.isLoaded || found.length > 0;
    this.#drawEmpty(found.length || !people.isLoaded ? "" : this.#query ? "found" : "all");
  }

  /** `what` is empty: the address book, or what was found, or nothing. */
  #drawEmpty(what) {
    if (this.empty.dataset.of === what) return; // what has the focus keeps it
    this.empty.dataset.of = what;
    if (what === "all") {
      this.empty.replaceChildren(blankOf("people", gettext("Nobody here yet"), gettext("Add somebody by their number, and write to them."),
        el("button.primary", { type: "button", onclick: () => this.#add() }, gettext("Add people"))));
    } else if (what === "found") {
      this.empty.replaceChildren(blankOf("search", gettext("Nobody has this name or number."), "", el("button", { type: "button", onclick: () => this.#clear() }, gettext("Clear search"))));
    } else this.empty.replaceChildren();
  }

  #clear() {
    this.search.value = this.#query = "";
    this.search.focus();
    this.draw();
  }

  #factsOf(contact, name, isFavourite) {
    const { people } = this.#client;
    const number = contact.contact_id;
    const line = people.blocked?.has(number) ? gettext("Blocked") : !contact.exists ? gettext("Not on this server yet") : presenceOf(people.presence.get(number)) || `+${number}`;
    return { number, name, photo: people.photos.get(number), line: isFavourite ? `★ ${line}` : line, href: contact.exists ? `#/contact/${number}` : `#/person/${number}`, hasMenu: true };
  }

  async #menu(button, number) {
    const { people } = this.#client;
    const isBlocked = people.blocked?.has(number);
    const items = [{ icon: "person", label: gettext("About this person"), value: "about" }, { icon: "pen", label: gettext("Rename"), value: "rename" }];
    if (people.blocked) items.push({ icon: "close", label: isBlocked ? gettext("Unblock") : gettext("Block"), value: "block", isDangerous: !isBlocked });
    items.push({ icon: "close", label: gettext("Remove"), value: "remove", isDangerous: true });
    const value = await openMenu(button, items);
    if (value === "about") this.#navigate(`#/person/${number}`);
    else if (value === "rename") await renameContact(this.#client, number);
    else if (value === "block") await (isBlocked ? unblock : block)(this.#client, number);
    else if (value === "remove") await removeContact(this.#client, number);
    if (value && value !== "about") this.#focusRow(number);
  }

  /** The row was moved, or has gone, while a dialog lay over it: then the browser finds nothing to give the focus back to. */
  #focusRow(number) {
    this.#draw();
    if (this.node.isConnected && document.activeElement === document.body) (this.#rows.buttonOf(number) ?? this.title).focus();
  }

  async #add() {
    const added = await addNumber(this.#client);
    if (added?.exists) this.#navigate(`#/contact/${added.contact_id}`);
  }
}
