// A group: its name and picture, who is in it and who decides, its photos and videos, and the way out.

import { gettext, ngettext } from "../language.js";
import { pathOf } from "../people.js";
import { compareWords } from "../locale.js";
import { loaded } from "./attach.js";
import { openCrop } from "./crop.js";
import { confirmed, openForm } from "./dialogs.js";
import { el, iconButton, perFrame, show } from "./dom.js";
import { ChatKeeping } from "./chat_keeping.js";
import { MediaGrid } from "./media_grid.js";
import { openMenu } from "./menu.js";
import { PersonRows } from "./person_rows.js";
import { largeFace } from "./photo_dialog.js";
import { pickPeople } from "./pick_people.js";

const SEARCHED_FROM = 12; // members
const SHOWN_AT_FIRST = 100;

export class GroupView {
  #client;
  #chat;
  #navigate;
  #info = null;
  #face = null; // what is drawn of it
  #photo = null; // { of: address of the small one, address }
  #shown = SHOWN_AT_FIRST;
  #rows;
  #pinners = null; // { chosen, was }: who may pin as it was chosen here, shown until the log says so or it was refused
  #saving = 0; // such choices on their way
  #offs;

  constructor(client, chat, navigate) {
    this.#client = client;
    this.#chat = chat;
    this.#navigate = navigate;
    this.title = el("h1.title", { tabindex: "-1" }, gettext("About this group"));
    this.face = el("div");
    this.subject = el("h2", { dir: "auto" });
    this.count = el("h3");
    this.input = el("input.unseen", { type: "file", accept: "image/*", "aria-label": gettext("Choose a picture"), onchange: () => this.#choosePhoto() });
    this.picture = el("label.button", {}, gettext("Change picture"), this.input);
    this.removal = el("button", { type: "button", onclick: () => this.#removePhoto() }, gettext("Remove picture"));
    this.search = el("input.search", { type: "search", placeholder: gettext("Search members"), "aria-label": gettext("Search members"), oninput: () => this.#drawMembers() });
    this.members = el("ul.people", { role: "list" });
    this.#rows = new PersonRows(this.members, (button, number) => this.#menu(button, number));
    this.rest = el("button.link", { type: "button", onclick: () => {
      this.#shown = Infinity;
      this.#drawMembers();
    } });
    this.add = el("button.primary", { type: "button", onclick: () => this.#add() }, gettext("Add members"));
    this.media = new MediaGrid(client, () => chat);
    this.keeping = new ChatKeeping(client, () => chat);
    this.pinners = el("select", { onchange: () => this.#setPinners() }, el("option", { value: "admins" }, gettext("Only admins")), el("option", { value: "all" }, gettext("All members")));
    this.whole = el("div", { hidden: true },
      el("div.hero", {}, this.face, this.subject, el("div.buttons", {}, el("button", { type: "button", onclick: () => this.#rename() }, gettext("Change name")), this.picture, this.removal)),
      this.count, this.search, this.members, this.rest, el("div.buttons", {}, this.add), this.media.node,
      el("label.field", {}, el("span", {}, gettext("Who may pin messages")), this.pinners), this.keeping.node,
      el("div.buttons", {}, el("button", { type: "button", onclick: () => this.#report() }, gettext("Report group")), el("button.danger", { type: "button", onclick: () => this.#leave() }, gettext("Leave group"))));
    this.problem = el("p.problem", { role: "alert" });
    this.node = el("section.page", { "aria-label": gettext("Group") },
      el("header.bar", {}, iconButton("back", gettext("Back to the conversation"), () => navigate(`#/chat/${chat.id}`), { class: "icon-button" }), el("div.bar-text", {}, this.title)),
      el("div.page-body", {}, this.problem, this.whole));
    this.draw = perFrame(() => this.#draw());
    this.#offs = [client.on("heard", ({ chat: heard, entries }) => heard === chat && entries.some((entry) => entry.kind !== "message") && this.#load()), client.on("people", () => this.draw()),
      client.on("chat", (other) => other === chat && this.#hear())];
  }

  opened() {
    this.title.focus();
    if (!this.#chat.isMember) return this.#navigate(`#/chat/${this.#chat.id}`);
    this.#load();
    this.media.opened();
  }

  stop() {
    for (const off of this.#offs) off();
    this.media.stop();
  }

  #hear() {
    if (!this.#chat.isMember) this.#navigate(`#/chat/${this.#chat.id}`);
    else this.draw();
  }

  #path(act) {
    return `/api/groups/${this.#chat.group}/${act}/`;
  }

  async #load() {
    if (!this.#chat.isMember) return;
    try {
      this.#info = await this.#client.rest.get(this.#path("info"));
      show(this.problem, "");
      this.#client.people.want(this.#chat.id, this.#chat.marks.keys());
      this.#draw();
    } catch (error) {
      show(this.problem, error.message);
    }
  }

  get #isAdmin() {
    return this.#info.admins.includes(this.#client.session.number);
  }

  get #missing() {
    const { contacts } = this.#client.people;
    return [...contacts.values()].filter((contact) => contact.exists && !this.#info.participants.includes(contact.contact_id)).map((contact) => contact.contact_id);
  }

  #draw() {
    if (!this.#info) return;
    const { people } = this.#client;
    const { subject, participants } = this.#info;
    this.whole.hidden = false;
    show(this.subject, subject);
    show(this.count, ngettext("{count} member", "{count} members", participants.length));
    this.picture.hidden = !people.hasPhotos;
    this.removal.hidden = !people.hasPhotos || !people.photoOf(this.#chat);
    this.search.hidden = participants.length < SEARCHED_FROM;
    this.add.hidden = !this.#isAdmin || !this.#missing.length;
    this.#drawFace(subject, people.photoOf(this.#chat) ?? null);
    this.keeping.draw(this.#isAdmin);
    const pinners = this.#chat.pinners ?? "admins";
    if (!this.#saving && this.#pinners?.was !== pinners) this.#pinners = null;
    this.pinners.value = this.#pinners?.chosen ?? pinners;
    this.pinners.disabled = !this.#isAdmin;
    this.#drawMembers();
  }

  /** The small picture at once, and the whole one as soon as its address is known. */
  #drawFace(subject, small) {
    if (small && this.#photo?.of !== small) this.#findPhoto(small);
    const photo = small && (this.#photo?.address ?? small);
    if (this.#face === subject + photo) return;
    this.#face = subject + photo;
    this.face.replaceChildren(largeFace(subject, photo));
  }

  async #findPhoto(small) {
    this.#photo = { of: small, address: null };
    const answer = await this.#client.rest.get(this.#path("photo-url")).catch(() => null);
    if (this.#photo.of !== small || !answer?.photo_url) return;
    this.#photo.address = pathOf(answer.photo_url);
    this.#draw();
  }

  #drawMembers() {
    const { people, session } = this.#client;
    const { participants, admins } = this.#info;
    const query = this.search.value.trim().toLowerCase();
    const rank = (number) => (number === session.number ? 0 : admins.includes(number) ? 1 : 2);
    const found = participants.map((number) => ({ number, name: people.nameOf(number), rank: rank(number) }))
      .filter(({ number, name }) => name.toLowerCase().includes(query) || number.includes(query))
      .sort((one, other) => one.rank - other.rank || compareWords(one.name, other.name));
    this.#rows.show(found.slice(0, this.#shown).map(({ number, name }) => this.#factsOf(number, name)));
    this.rest.hidden = found.length <= this.#shown;
    show(this.rest, ngettext("Show all {count}", "Show all {count}", found.length));
  }

  #factsOf(number, name) {
    const { people, session } = this.#client;
    const isMe = number === session.number;
    const line = this.#info.admins.includes(number) ? gettext("Admin") : el("bdi", { dir: "ltr" }, `+${number}`);
    return { number, name, photo: isMe ? people.ownPhoto : people.photos.get(number), line, href: isMe ? null : `#/person/${number}`, hasMenu: this.#isAdmin && !isMe };
  }

  async #menu(button, number) {
    const name = this.#client.people.nameOf(number);
    const isAdmin = this.#info.admins.includes(number);
    const act = await openMenu(button, [
      isAdmin ? { icon: "down", label: gettext("Dismiss as admin"), value: "demote-participant" } : { icon: "up", label: gettext("Make admin"), value: "promote-participant" },
      { icon: "close", label: gettext("Remove from group"), value: "remove-participant", isDangerous: true },
    ]);
    const isMeant = act && (act !== "remove-participant" || (await confirmed(gettext("Remove {name} from the group?", { name }), gettext("They keep the messages so far and get no new ones."), gettext("Remove"), gettext("Keep in the group"))));
    if (isMeant) await this.#change(act, { contact: number });
    if (act) this.#focusRow(number);
  }

  /** The row was moved, or has gone, while a dialog lay over it: then the browser finds nothing to give the focus back to. */
  #focusRow(number) {
    this.#draw();
    if (this.node.isConnected && document.activeElement === document.body) (this.#rows.buttonOf(number) ?? this.title).focus();
  }

  /** One by one, as the server takes them; who cannot be added keeps nobody else out. */
  async #add() {
    const { people } = this.#client;
    const numbers = (await pickPeople(gettext("Add members"), people, this.#missing, gettext("Add"))) ?? [];
    const refused = [];
    for (const number of numbers) {
      await this.#post("add-participant", { contact: number }).catch((error) => refused.push(gettext("{name} was not added: {problem}", { name: people.nameOf(number), problem: error.message })));
    }
    if (refused.length) this.#client.emit("problem", refused.join(" "));
    if (numbers.length) await this.#load();
  }

  #rename() {
    return openForm(gettext("Name of the group"), [["subject", gettext("Name"), this.#info.subject, { required: true, maxlength: "256" }]], gettext("Save"), ({ subject }) =>
      this.#post("subject", { subject }).then(() => this.#load()));
  }

  async #setPinners() {
    const chosen = this.pinners.value;
    this.#pinners = { chosen, was: this.#chat.pinners ?? "admins" };
    this.#saving += 1;
    try {
      await this.#post("pinners", { pinners: chosen });
    } catch (error) {
      this.#pinners = null;
      this.#client.emit("problem", error.message);
    }
    this.#saving -= 1;
    this.draw();
  }

  async #choosePhoto() {
    const photo = await openCrop(this.input.files[0]);
    this.input.value = "";
    if (!photo) return;
    const body = new FormData();
    body.append("photo", photo, "photo.jpg");
    await this.#change("photo", body);
  }

  async #removePhoto() {
    if (!(await confirmed(gettext("Remove the picture?"), gettext("Everybody in the group sees that."), gettext("Remove")))) return;
    await this.#try(() => this.#client.rest.remove(this.#path("photo")));
  }

  #post(act, body) {
    return this.#client.rest.post(this.#path(act), body instanceof FormData ? body : new URLSearchParams(body));
  }

  #change(act, body) {
    return this.#try(() => this.#post(act, body));
  }

  async #try(work) {
    try {
      await work();
      await this.#load();
    } catch (error) {
      this.#client.emit("problem", error.message);
    }
  }

  async #report() {
    const module = await loaded(() => import("./report.js"), (error) => this.#client.emit("problem", error.message));
    await module?.reportGroup(this.#client, this.#chat);
  }

  async #leave() {
    if (!(await confirmed(gettext("Leave this group?"), gettext("You keep the messages so far."), gettext("Leave")))) return;
    try {
      await this.#post("leave", {}); // the log says when it is so
    } catch (error) {
      this.#client.emit("problem", error.message);
    }
  }
}
