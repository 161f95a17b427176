// A new group: its name, and who is in it.

import { gettext } from "../language.js";
import { compareWords } from "../locale.js";
import { avatar, el, iconButton } from "./dom.js";

export class NewGroupView {
  #client;
  #navigate;
  #offs = [];

  constructor(client, navigate) {
    this.#client = client;
    this.#navigate = navigate;
    this.title = el("h1.title", { tabindex: "-1" }, gettext("New group"));
    this.problem = el("p.problem", { role: "alert" });
    this.subject = el("input", { name: "subject", required: true, maxlength: "256", dir: "auto", autocomplete: "off" });
    this.people = el("fieldset.choices", {}, el("legend", {}, gettext("Members")));
    this.submit = el("button.primary", { type: "submit" }, gettext("Create group"));
    this.node = el("section.page", { "aria-label": gettext("New group") },
      el("header.bar", {}, iconButton("back", gettext("Back to the chats"), () => navigate("#/"), { class: "icon-button back" }), el("div.bar-text", {}, this.title)),
      el("form.page-body", { onsubmit: (event) => this.#create(event) },
        el("label.field", {}, el("span", {}, gettext("Name of the group")), this.subject), this.people, this.problem, el("div.buttons", {}, this.submit)));
    this.#draw();
    this.#offs.push(client.on("people", () => this.people.childElementCount < 2 && this.#draw()));
  }

  opened() {
    this.subject.focus();
  }

  stop() {
    for (const off of this.#offs) off();
  }

  #draw() {
    const { people } = this.#client;
    const contacts = [...people.contacts.values()].filter((contact) => contact.exists).map((contact) => [contact.contact_id, people.nameOf(contact.contact_id)]);
    contacts.sort(([, one], [, other]) => compareWords(one, other));
    this.people.append(...contacts.map(([number, name]) => el("label.choice", {}, el("input", { type: "checkbox", name: "participants", value: number }), avatar(name, people.photos.get(number)), el("span", { dir: "auto" }, name))));
  }

  async #create(event) {
    event.preventDefault();
    const participants = new FormData(event.currentTarget).getAll("participants");
    this.problem.textContent = participants.length ? "" : gettext("Choose at least one member.");
    if (!participants.length) return;
    this.submit.disabled = true;
    try {
      const { groupid: group } = await this.#client.rest.post("/api/groups/create-group/", { participants, subject: this.subject.value });
      this.#open(group);
    } catch (error) {
      this.problem.textContent = error.message;
    } finally {
      this.submit.disabled = false;
    }
  }

  /** The group's first entry comes over the socket, maybe before this answer and maybe after. */
  #open(group) {
    const open = () => {
      const chat = this.#client.findGroup(group);
      if (chat?.isLoaded) this.#navigate(`#/chat/${chat.id}`);
    };
    this.#offs.push(this.#client.on("chat", open));
    open();
  }
}
