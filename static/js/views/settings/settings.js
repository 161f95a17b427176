// Settings: a list of sections, each with an address of its own. On a narrow window the list comes first, on a wide one both are there.

import { gettext } from "../../language.js";
import { keptOf } from "../../waiting.js";
import { confirmed } from "../dialogs.js";
import { avatar, el, icon, iconButton } from "../dom.js";
import { loaded } from "./fields.js";

const SECTIONS = {
  profile: ["person", gettext("Profile"), () => import("./profile.js")],
  privacy: ["lock", gettext("Privacy"), () => import("./privacy.js")],
  notices: ["bell", gettext("Notifications"), () => import("./notices.js")],
  appearance: ["sun", gettext("Appearance"), () => import("./appearance.js")],
  devices: ["device", gettext("Devices"), () => import("./devices.js")],
  account: ["info", gettext("Account"), () => import("./account.js")],
};

export class SettingsView {
  #client;
  #hash;
  #name = ""; // of the section that is shown
  #section = null;
  #off;
  #resized;

  constructor(client, navigate, hash) {
    this.#client = client;
    this.#hash = hash;
    this.title = el("h1.title", { tabindex: "-1" }, gettext("Settings"));
    this.who = el("a.settings-who", { href: "#/settings/profile" });
    this.links = Object.entries(SECTIONS).map(([name, [drawing, label]]) => el("a.settings-link", { href: `#/settings/${name}` }, icon(drawing), label));
    this.sectionTitle = el("h1.title", { tabindex: "-1" });
    this.body = el("div.page-body");
    this.side = el("div.page.settings-list", {},
      el("header.bar", {}, iconButton("back", gettext("Back to the chats"), () => navigate("#/"), { class: "icon-button back" }), el("div.bar-text", {}, this.title)),
      el("div.page-body", {}, this.who, el("nav", { "aria-label": gettext("Settings") }, el("ul", { role: "list" }, ...this.links.map((link) => el("li", {}, link)))),
        el("div.buttons", {}, el("button.danger", { type: "button", onclick: () => this.#signOut() }, gettext("Sign out")))));
    this.main = el("div.page.settings-section", {},
      el("header.bar", {}, iconButton("back", gettext("Back to all settings"), () => navigate("#/settings"), { class: "icon-button to-list" }), el("div.bar-text", {}, this.sectionTitle)), this.body);
    this.panes = el("div.settings-panes", {}, this.side, this.main);
    this.node = el("section.settings", { "aria-label": gettext("Settings") }, this.panes);
    this.#off = client.on("people", () => this.#drawWho());
    this.#resized = new ResizeObserver(() => this.#settle());
  }

  opened() {
    this.#drawWho();
    this.#show();
    this.#resized.observe(this.node);
  }

  stop() {
    this.#off();
    this.#resized.disconnect();
    this.#section?.stop?.();
  }

  follow(hash) {
    if (hash !== "#/settings" && !hash.startsWith("#/settings/")) return false;
    const left = this.#name;
    this.#hash = hash;
    this.#show();
    if (!this.#asked && left) this.links[Object.keys(SECTIONS).indexOf(left)].focus();
    return true;
  }

  /** The section that the address names. */
  get #asked() {
    const [, , name] = this.#hash.split("/");
    return Object.hasOwn(SECTIONS, name ?? "") ? name : "";
  }

  #show() {
    this.panes.classList.toggle("has-section", this.#asked !== "");
    this.#open(this.#asked);
    this.#settle();
    (this.#asked ? this.sectionTitle : this.title).focus();
  }

  /** Where there is room beside the list, the first section stands there until another is chosen. */
  #settle() {
    if (!this.#name && this.main.clientWidth > 0) this.#open("profile");
  }

  #open(name) {
    if (name === this.#name) return;
    this.#section?.stop?.();
    this.#section = null;
    this.#name = name;
    this.body.replaceChildren();
    this.links.forEach((link, place) => (Object.keys(SECTIONS)[place] === name ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current")));
    if (!name) return;
    const [, label, load] = SECTIONS[name];
    this.sectionTitle.textContent = label;
    const read = () => load().catch(() => {
      throw new Error(gettext("This could not be loaded. Is this device online?"));
    });
    this.body.replaceChildren(loaded(read, (module) => {
      if (this.#name !== name || !this.node.isConnected) return []; // somebody has gone on meanwhile
      this.#section = module.open(this.#client);
      return this.#section.node;
    }));
  }

  #drawWho() {
    const { session, people } = this.#client;
    if (people.hasPhotos && people.ownPhoto === undefined) people.loadOwnPhoto();
    const name = session.name || `+${session.number}`;
    this.who.replaceChildren(avatar(name, people.ownPhoto), el("span.person-name", { dir: "auto" }, name), el("span.person-line", {}, el("bdi", { dir: "ltr" }, `+${session.number}`)));
  }

  async #signOut() {
    const text = keptOf([...this.#client.outbox.items.values()]) || gettext("Your chats stay on the server.");
    if (!(await confirmed(gettext("Sign out?"), text, gettext("Sign out")))) return;
    await this.#client.rest.post("/auth/logout").catch(() => {});
    this.#client.emit("signed-out");
  }
}
