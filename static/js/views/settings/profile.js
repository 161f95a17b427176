// What others see of this person: photo, name, nickname and status message; and the e-mail address.

import { gettext } from "../../language.js";
import { keepSession, nameYourself } from "../../session.js";
import { openCrop } from "../crop.js";
import { el } from "../dom.js";
import { largeFace } from "../photo_dialog.js";
import { loaded, savedForm } from "./fields.js";

const PHOTO = "/api/account/profile-photo/";

export function open(client) {
  return new Profile(client);
}

class Profile {
  #client;
  #off;

  constructor(client) {
    this.#client = client;
    this.hero = el("div.hero");
    this.node = el("div", {}, this.hero, loaded(() => this.#load(), (answers) => this.#forms(answers)));
    this.#off = client.on("people", () => this.#draw());
    this.#draw();
  }

  stop() {
    this.#off();
  }

  #load() {
    const { rest, me } = this.#client;
    return Promise.all([rest.get(`/api/users/${me}`), rest.get("/api/account/nickname/"), rest.get("/api/account/status-message/")]);
  }

  #forms([user, { nickname }, { status_message: status }]) {
    const { rest } = this.#client;
    return [
      savedForm(gettext("Name"), [
        ["name", gettext("Name"), this.#client.session.name, { required: true, autocomplete: "name", maxlength: "256" }],
        ["email", gettext("E-mail"), user.email, { type: "email", required: true, autocomplete: "email", dir: "ltr", maxlength: "256" }],
      ], gettext("Save name"), (values) => this.#saveName(values), gettext("Whoever you write to, and everybody in your groups and events, sees your name.")),
      savedForm(gettext("Nickname"), [["nickname", gettext("Nickname"), nickname, { autocomplete: "nickname", maxlength: "256" }]], gettext("Save nickname"),
        ({ nickname: given }) => rest.post("/api/account/nickname/", { nickname: given }), gettext("It is shown where you have no name.")),
      savedForm(gettext("Status message"), [["status", gettext("Status message"), status, { required: true, maxlength: "256" }]], gettext("Save status"),
        ({ status: given }) => rest.post("/api/account/status-message/", { status_message: given }), gettext("A line about you. Who may see it is said under Privacy.")),
    ];
  }

  /** To register tells those who have this number in their phone books, so that is done for the first name alone. */
  async #saveName({ name, email }) {
    const { session, rest, me } = this.#client;
    if (session.name) {
      const user = await rest.patch(`/api/users/${me}`, { full_name: name, email });
      Object.assign(session, { name: user.full_name, email: user.email });
      keepSession(session);
    } else {
      await nameYourself(session, name, email);
      rest.token = session.token;
    }
    this.#client.emit("people");
  }

  /** Where a server has no photos, nothing is said of them; whether it has is known soon after the start. */
  #draw({ isAnew = false } = {}) {
    const { session, people } = this.#client;
    const name = session.name || `+${session.number}`;
    const version = JSON.stringify([name, people.ownPhoto, people.hasPhotos]);
    if (version === this.shown && !isAnew) return; // what has the focus keeps it
    this.shown = version;
    this.hero.replaceChildren(
      largeFace(name, people.ownPhoto),
      el("p.hero-name", { dir: "auto" }, name), el("p.hint", {}, el("bdi", { dir: "ltr" }, `+${session.number}`)),
      ...(people.hasPhotos ? [this.#photoButtons()] : []));
  }

  #photoButtons() {
    const input = el("input.unseen", { type: "file", accept: "image/*", "aria-label": gettext("Choose a photo"), onchange: () => this.#choose(input.files[0]) });
    return el("div.buttons", {}, el("label.button", {}, this.#client.people.ownPhoto ? gettext("Change photo") : gettext("Add a photo"), input),
      this.#client.people.ownPhoto ? el("button", { type: "button", onclick: () => this.#change(() => this.#client.rest.remove(PHOTO)) }, gettext("Remove photo")) : null);
  }

  async #choose(file) {
    const photo = file && (await openCrop(file));
    if (!photo) return this.#draw({ isAnew: true }); // so that the same file can be chosen again
    const body = new FormData();
    body.append("photo", photo, "photo.jpg");
    await this.#change(() => this.#client.rest.post(PHOTO, body));
  }

  async #change(work) {
    try {
      await work();
    } catch (error) {
      this.#client.emit("problem", error.message);
    }
    await this.#client.people.loadOwnPhoto();
    this.#draw({ isAnew: true }); // so that the same file can be chosen again
  }
}
