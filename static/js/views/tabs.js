// The places of the page: chats, events, people, and one's own face for the settings. Below on a phone, at the side on anything wider.

import { gettext, ngettext, pgettext } from "../language.js";
import { avatar, el, icon } from "./dom.js";
import { showUnread } from "./unread_badge.js";

const PLACE_OF = { chats: "chats", "": "chats", chat: "chats", contact: "chats", group: "chats", events: "events", event: "events", "new-event": "events", contacts: "people", person: "people", settings: "settings" };
const OF_TABS = new Set(["", "events", "contacts", "settings"]); // what a tab leads to; on a phone they stand below these alone
const MOST = 99;
const GATHER_MS = 50; // a timer, since a page in the background draws no frames, and its title is looked at there

export class Tabs {
  #client;
  #offs = [];
  #timer = null;
  #face = "";

  constructor(client) {
    this.#client = client;
    this.unread = el("span.tab-badge");
    this.invited = el("span.tab-badge");
    this.face = el("span.tab-icon");
    this.links = {
      chats: tabOf("#/", el("span.tab-icon", {}, icon("chats")), gettext("Chats"), this.unread),
      events: tabOf("#/events", el("span.tab-icon", {}, icon("calendar")), gettext("Events"), this.invited),
      people: tabOf("#/contacts", el("span.tab-icon", {}, icon("people")), gettext("People")),
      settings: tabOf("#/settings", this.face, gettext("Settings")),
    };
    this.node = el("nav.tabs", { "aria-label": pgettext("parts of the page", "Places") }, ...Object.values(this.links));
    this.#draw();
  }

  start() {
    const plan = () => (this.#timer ??= setTimeout(() => this.#draw(), GATHER_MS));
    this.#offs = [...["chats", "chat", "people"].map((name) => this.#client.on(name, plan)), ...["change", "listed"].map((name) => this.#client.events.on(name, plan))];
    this.#draw();
  }

  stop() {
    for (const off of this.#offs) off();
    clearTimeout(this.#timer);
    showUnread(0);
  }

  /** Mark the place of an address. Returns whether a tab leads to just that. */
  select(hash) {
    const [, kind = "", id] = hash.split("/");
    const isOfTab = OF_TABS.has(kind) && id === undefined;
    for (const [name, link] of Object.entries(this.links)) {
      if (PLACE_OF[kind] === name) link.setAttribute("aria-current", isOfTab ? "page" : "true");
      else link.removeAttribute("aria-current");
    }
    return isOfTab;
  }

  #draw() {
    this.#timer = null;
    const { people, session, chats, events } = this.#client;
    const now = Date.now();
    const unread = [...chats.values()].reduce((sum, chat) => sum + (chat.isLoaded && !chat.isQuietAt(now) ? chat.unread : 0), 0);
    showUnread(unread);
    this.unread.replaceChildren(...counted(unread, ngettext("{count} unread", "{count} unread", unread)));
    const invitations = events.unanswered().filter((id) => this.#client.findEvent(id)?.isMember !== false).length;
    this.invited.replaceChildren(...counted(invitations, ngettext("{count} open invitation", "{count} open invitations", invitations)));
    const face = `${session.name} ${people.ownPhoto}`;
    if (face !== this.#face) this.face.replaceChildren(avatar(session.name || `+${session.number}`, people.ownPhoto));
    this.#face = face;
    if (people.hasPhotos && people.ownPhoto === undefined) people.loadOwnPhoto();
  }
}

const tabOf = (href, drawing, label, badge = null) => el("a.tab", { href }, drawing, el("span.tab-label", {}, label), badge);

const counted = (count, text) => (count ? [el("span", { "aria-hidden": "true" }, count > MOST ? `${MOST}+` : String(count)), el("span.unseen", {}, text)] : []);
