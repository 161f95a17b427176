// A group: its name and picture, who is in it, who decides; and the way out.

import { confirmed, openForm, openMenu } from "./dialogs.js";
import { avatar, el, iconButton } from "./dom.js";

export class GroupView {
  #client;
  #chat;
  #navigate;
  #info = null;
  #offs;

  constructor(client, chat, navigate) {
    this.#client = client;
    this.#chat = chat;
    this.#navigate = navigate;
    this.title = el("h1.title", { tabindex: "-1" }, "About this group");
    this.body = el("div.page-body");
    this.node = el("section.page", { "aria-label": "Group" },
      el("header.bar", {}, iconButton("back", "Back to the conversation", () => navigate(`#/chat/${chat.id}`), { class: "icon-button" }), el("div.bar-text", {}, this.title)), this.body);
    this.#offs = [client.on("heard", ({ chat: heard, entries }) => heard === chat && entries.some((entry) => entry.kind !== "message") && this.#load()), client.on("people", () => this.#info && this.#draw()),
      client.on("chat", () => chat.isMember || navigate(`#/chat/${chat.id}`))];
  }

  opened() {
    this.title.focus();
    if (!this.#chat.isMember) this.#navigate(`#/chat/${this.#chat.id}`);
    this.#load();
  }

  stop() {
    for (const off of this.#offs) off();
  }

  #path(act) {
    return `/api/groups/${this.#chat.group}/${act}/`;
  }

  async #load() {
    if (!this.#chat.isMember) return;
    try {
      this.#info = await this.#client.rest.get(this.#path("info"));
      this.#draw();
      await this.#loadPhoto();
    } catch (error) {
      this.body.replaceChildren(el("p.problem", { role: "alert" }, error.message));
    }
  }

  /** Asked once: a server without group photos answers 404, and the control is not shown. */
  async #loadPhoto() {
    if (this.photo !== undefined) return;
    this.photo = await this.#client.rest.get(this.#path("preview-photo-url")).catch(() => null);
    if (this.photo) this.#draw();
  }

  #draw() {
    const { people, session } = this.#client;
    const { subject, participants, admins } = this.#info;
    const isAdmin = admins.includes(session.number);
    const photo = this.photo?.photo_url ? new URL(this.photo.photo_url, location.href).pathname : null;
    const missing = [...people.contacts.values()].filter((contact) => contact.exists && !participants.includes(contact.contact_id));
    this.body.replaceChildren(
      el("div.hero", {}, avatar(subject, photo), el("h2", { dir: "auto" }, subject),
        el("div.buttons", {}, el("button", { type: "button", onclick: () => this.#rename() }, "Change name"), this.photo ? this.#photoButton() : null)),
      el("h3", {}, participants.length === 1 ? "1 member" : `${participants.length} members`),
      el("ul.people", { role: "list" }, ...participants.map((number) => this.#row(number, admins.includes(number), isAdmin))),
      el("div.buttons", {},
        isAdmin && missing.length ? el("button.primary", { type: "button", onclick: () => this.#add(missing) }, "Add member") : null,
        el("button.danger", { type: "button", onclick: () => this.#leave() }, "Leave group")));
  }

  #row(number, isAdminHere, mayChange) {
    const { people, session } = this.#client;
    const name = people.nameOf(number);
    return el("li.person", {},
      el("span.person-link", {}, avatar(name, people.photos.get(number)), el("span.person-name", { dir: "auto" }, name), el("span.person-line", {}, isAdminHere ? "Admin" : `+${number}`)),
      mayChange && number !== session.number ? iconButton("more", `Actions for ${name}`, () => this.#menu(number, name, isAdminHere)) : null);
  }

  async #menu(number, name, isAdminHere) {
    const act = await openMenu(name, [
      isAdminHere ? { icon: "down", label: "Take the admin role", value: "demote-participant" } : { icon: "up", label: "Make an admin", value: "promote-participant" },
      { icon: "close", label: "Remove from the group", value: "remove-participant", isDangerous: true },
    ]);
    if (act) await this.#change(act, { contact: number });
  }

  async #add(missing) {
    const { people } = this.#client;
    const number = await openMenu("Add member", missing.map((contact) => ({ label: people.nameOf(contact.contact_id), value: contact.contact_id })));
    if (number) await this.#change("add-participant", { contact: number });
  }

  #rename() {
    return openForm("Name of the group", [["subject", "Name", this.#info.subject, { required: true, maxlength: "256" }]], "Save", ({ subject }) =>
      this.#client.rest.post(this.#path("subject"), new URLSearchParams({ subject })).then(() => this.#load()));
  }

  #photoButton() {
    const input = el("input.unseen", { type: "file", accept: "image/*", "aria-label": "Choose a picture", onchange: async () => {
      const body = new FormData();
      body.append("photo", input.files[0]);
      this.photo = undefined;
      await this.#change("photo", body);
    } });
    return el("label.button", {}, "Change picture", input);
  }

  async #change(act, body) {
    try {
      await this.#client.rest.post(this.#path(act), body instanceof FormData ? body : new URLSearchParams(body));
      await this.#load();
    } catch (error) {
      this.#client.emit("problem", error.message);
    }
  }

  async #leave() {
    if (!(await confirmed("Leave this group?", "You keep what was written until now.", "Leave"))) return;
    try {
      await this.#client.rest.post(this.#path("leave"), new URLSearchParams()); // the log says when it is so
    } catch (error) {
      this.#client.emit("problem", error.message);
    }
  }
}
