// A person: photo, names, number, what they say of themselves as far as they show it, what one has in common with them, and what can be done about them.

import { favouritesOf } from "../favourites.js";
import { gettext, ngettext, pgettext } from "../language.js";
import { pathOf } from "../people.js";
import { aboutOf, presenceOf } from "./about.js";
import { addContact, block, removeContact, renameContact, report, unblock } from "./contact_acts.js";
import { earlierOf } from "./earlier.js";
import { avatar, el, iconButton, perFrame, show } from "./dom.js";
import { ChatKeeping } from "./chat_keeping.js";
import { MediaGrid } from "./media_grid.js";
import { largeFace } from "./photo_dialog.js";
import "./presses.js";

export class PersonView {
  #client;
  #number;
  #navigate;
  #photo = null; // the address of the whole picture
  #seen = null; // presence of somebody who is not watched, since they are no contact
  #face = ""; // what is drawn of it
  #hasAsked = false; // for what only a request tells
  #offs;

  /** `from` is the address from which one came. */
  constructor(client, number, navigate, from) {
    this.#client = client;
    this.#number = number;
    this.#navigate = navigate;
    const button = (text, act, classes = "") => el(`button${classes}`, { type: "button", onclick: () => act(client, number) }, text);
    this.title = el("h1.title", { tabindex: "-1" }, gettext("About this person"));
    this.face = el("div");
    this.name = el("h2", { dir: "auto" });
    this.ownName = el("p.hint", { dir: "auto" });
    this.number = el("p.hint", {}, el("bdi", { dir: "ltr" }, `+${number}`));
    this.presence = el("p.hint");
    this.status = el("p.person-status", { dir: "auto" });
    this.message = el("a.button.primary", { href: `#/contact/${number}` }, pgettext("verb", "Message"));
    this.add = button(gettext("Add to contacts"), addContact);
    this.rename = button(gettext("Rename"), renameContact);
    this.favourite = el("button", { type: "button", "aria-pressed": "false", hidden: true, onclick: () => this.#mark() }, gettext("★ Favourite"));
    this.note = el("p.event-note", { hidden: true });
    this.groups = el("ul.people", { role: "list" });
    this.common = el("section", { hidden: true }, el("h3", {}, gettext("Groups in common")), this.groups);
    this.earlier = earlierOf(client, number);
    this.media = new MediaGrid(client, () => client.findDirect(number));
    this.keeping = new ChatKeeping(client, () => client.findDirect(number));
    this.block = button(gettext("Block"), block, ".danger");
    this.unblock = button(gettext("Unblock"), unblock);
    this.remove = button(gettext("Remove from contacts"), removeContact, ".danger");
    const back = from && from !== aboutOf({ kind: "direct", contact: number }) ? from : "#/contacts";
    this.node = el("section.page", { "aria-label": gettext("Person") },
      el("header.bar", {}, iconButton("back", gettext("Back"), () => navigate(back), { class: "icon-button" }), el("div.bar-text", {}, this.title)),
      el("div.page-body", {},
        el("div.hero", {}, this.face, this.name, this.ownName, this.number, this.presence, this.status, this.note,
          el("div.buttons", {}, this.message, this.add, this.rename, this.favourite)),
        this.common, this.media.node, this.earlier, this.keeping.node,
        el("div.buttons", {}, this.block, this.unblock, button(pgettext("verb", "Report"), report), this.remove)));
    const draw = perFrame(() => this.#draw());
    this.#offs = [client.on("people", draw), client.on("chat", draw), client.on("chats", () => this.#load()), client.on("state", () => this.#load())];
  }

  opened() {
    if (this.#number === this.#client.session.number) return this.#navigate("#/settings/profile");
    this.#draw();
    this.title.focus();
    this.media.opened();
    this.#load();
    favouritesOf(this.#client).load().catch(() => {}); // what cannot be told is not offered
  }

  stop() {
    for (const off of this.#offs) off();
    this.media.stop();
  }

  /** Whether the server may be asked about them: contacts that use it, and whom one has written with. */
  get #isReachable() {
    const { people } = this.#client;
    const contact = people.contacts.get(this.#number);
    return contact ? contact.exists : Boolean(this.#client.findDirect(this.#number));
  }

  /** What only a request tells. What they hide, or whom they have blocked, looks like nothing. */
  async #load() {
    const { rest, people } = this.#client;
    if (this.#client.state !== "online" || !people.isLoaded || !this.#isReachable || this.#hasAsked) return;
    this.#hasAsked = true;
    const ask = (name) => rest.get(`/api/contacts/${this.#number}/${name}/`).catch(() => null);
    const [photo, statuses, presences] = await Promise.all([people.hasPhotos === false ? null : ask("photo-url"), ask("status-message"), people.contacts.has(this.#number) ? null : ask("connected-status")]);
    this.#photo = photo?.photo_url ? pathOf(photo.photo_url) : null;
    show(this.status, statuses?.statuses_messages[0]?.status_message ?? "");
    const [shown] = presences?.connected_statuses ?? [];
    this.#seen = shown ? { status: shown.connected_status, lastSeen: shown.last_seen && `${shown.last_seen}Z` } : null;
    this.#draw();
  }

  #draw() {
    const { people } = this.#client;
    const number = this.#number;
    if (people.isLoaded) this.#load();
    const name = people.nameOf(number);
    const own = people.ownNameOf(number);
    const contact = people.contacts.get(number);
    const isBlocked = Boolean(people.blocked?.has(number));
    show(this.name, name);
    show(this.ownName, own && name !== `~${own}` && name !== own ? `~${own}` : "");
    this.number.hidden = name === `+${number}`; // where no name is known, it stands there already
    show(this.presence, isBlocked ? "" : presenceOf(people.presence.get(number) ?? this.#seen));
    this.#drawFace(name, this.#photo ?? people.photos.get(number) ?? null);
    this.add.hidden = !people.isLoaded || Boolean(contact);
    this.rename.hidden = this.remove.hidden = !contact;
    this.message.hidden = contact?.exists === false;
    this.block.hidden = people.blocked === null || isBlocked;
    this.unblock.hidden = !isBlocked;
    this.note.hidden = !isBlocked && contact?.exists !== false;
    show(this.note, isBlocked ? gettext("You blocked this person.") : gettext("This number is not on this server yet."));
    const favourites = favouritesOf(this.#client);
    this.favourite.hidden = !favourites.isLoaded;
    this.favourite.setAttribute("aria-pressed", String(favourites.has(number)));
    this.earlier.hidden = !this.#isReachable;
    this.keeping.draw(!isBlocked);
    this.#drawGroups();
  }

  async #mark() {
    const favourites = favouritesOf(this.#client);
    await favourites.mark(this.#number, !favourites.has(this.#number)).catch((error) => this.#client.emit("problem", error.message));
  }

  #drawFace(name, photo) {
    if (this.#face === name + photo) return;
    this.#face = name + photo;
    this.face.replaceChildren(largeFace(name, photo));
  }

  #drawGroups() {
    const { people } = this.#client;
    const groups = groupsWith(this.#client, this.#number);
    const version = JSON.stringify(groups.map((chat) => [chat.id, people.titleOf(chat), people.photoOf(chat)]));
    if (this.groups.dataset.of === version) return;
    this.groups.dataset.of = version;
    this.common.hidden = groups.length === 0;
    this.groups.replaceChildren(...groups.map((chat) => el("li.person", {}, el("a.person-link", { href: `#/chat/${chat.id}` },
      avatar(people.titleOf(chat), people.photoOf(chat)), el("span.person-name", { dir: "auto" }, people.titleOf(chat)), el("span.person-line", {}, ngettext("{count} member", "{count} members", chat.marks.size))))));
  }
}

/** Groups that both are in, as far as this page knows who is in them. */
function groupsWith(client, number) {
  const others = [...(client.findDirect(number)?.marks.keys() ?? [])].filter((account) => account !== client.me);
  const account = others[0] ?? client.people.accountOf(number);
  return client.listed().filter((chat) => chat.kind === "group" && chat.isMember && chat.marks.has(account));
}
