// Who one is here: name and picture, the devices that are signed in, and the way out.

import { nameYourself } from "../session.js";
import { beginningOf } from "../words.js";
import { confirmed, form } from "./dialogs.js";
import { avatar, el, iconButton } from "./dom.js";
import { wholeTimeOf } from "./times.js";

const PHOTO = "/api/account/profile-photo/";

export class SettingsView {
  #client;
  #photo = null;
  #hasAsked = false;
  #off;

  constructor(client, navigate) {
    this.#client = client;
    this.#off = client.on("people", () => this.#loadPhoto());
    this.title = el("h1.title", { tabindex: "-1" }, "Settings");
    this.hero = el("div.hero");
    this.sessions = el("ul.people", { role: "list" });
    const { session } = client;
    this.node = el("section.page", { "aria-label": "Settings" },
      el("header.bar", {}, iconButton("back", "Back to the chats", () => navigate("#/"), { class: "icon-button back" }), el("div.bar-text", {}, this.title)),
      el("div.page-body", {}, this.hero,
        el("h2", {}, "Your name"),
        form([
          ["name", "Name", session.name, { required: true, autocomplete: "name", maxlength: "256" }],
          ["email", "E-mail", session.email, { type: "email", required: true, autocomplete: "email", dir: "ltr", maxlength: "256" }],
        ], "Save", async ({ name, email }) => {
          await nameYourself(session, name, email);
          client.rest.token = session.token;
          this.#drawHero();
        }),
        el("h2", {}, "Signed in here"), this.sessions,
        el("div.buttons", {}, el("button.danger", { type: "button", onclick: () => this.#signOut() }, "Sign out"))));
  }

  async opened() {
    this.#drawHero();
    this.title.focus();
    this.#loadSessions();
    await this.#loadPhoto();
  }

  /** As soon as it is known that this server has photos. */
  async #loadPhoto() {
    if (!this.#client.people.hasPhotos || this.#hasAsked) return;
    this.#hasAsked = true;
    const picture = await this.#client.rest.picture(PHOTO).catch(() => null);
    if (picture) this.#photo = URL.createObjectURL(picture);
    this.#drawHero();
  }

  stop() {
    this.#off();
    if (this.#photo) URL.revokeObjectURL(this.#photo);
  }

  #drawHero() {
    const { session, people } = this.#client;
    const name = session.name || `+${session.number}`;
    this.hero.replaceChildren(avatar(name, this.#photo), el("p.hero-name", { dir: "auto" }, name), el("p.hint", {}, el("bdi", { dir: "ltr" }, `+${session.number}`)),
      ...[people.hasPhotos ? this.#photoButtons() : null].filter(Boolean));
  }

  #photoButtons() {
    const input = el("input.unseen", { type: "file", accept: "image/*", "aria-label": "Choose a photo", onchange: () => {
      const body = new FormData();
      body.append("photo", input.files[0]);
      this.#try(() => this.#client.rest.post(PHOTO, body));
    } });
    return el("div.buttons", {}, el("label.button", {}, "Change photo", input),
      this.#photo ? el("button", { type: "button", onclick: () => this.#try(() => this.#client.rest.remove(PHOTO)) }, "Remove photo") : null);
  }

  async #try(work) {
    try {
      await work();
      this.#photo = null;
      this.#hasAsked = false;
      await this.#loadPhoto();
    } catch (error) {
      this.#client.emit("problem", error.message);
    }
  }

  async #loadSessions() {
    try {
      const { sessions } = await this.#client.rest.get("/auth/sessions");
      this.sessions.replaceChildren(...sessions.map((session) => el("li.person", {},
        el("span.person-link", {}, el("span.person-name", { dir: "auto" }, deviceOf(session.device)),
          el("span.person-line", {}, session.current ? "This device" : `Last used ${wholeTimeOf(session.last_used)}`)),
        session.current ? null : el("button", { type: "button", onclick: () => this.#end(session) }, "End"))));
    } catch (error) {
      this.#client.emit("problem", error.message);
    }
  }

  async #end(session) {
    if (!(await confirmed("End this session?", `${deviceOf(session.device)} is signed out at once.`, "End"))) return;
    await this.#client.rest.remove(`/auth/sessions/${session.id}`).catch((error) => this.#client.emit("problem", error.message));
    await this.#loadSessions();
  }

  async #signOut() {
    const waiting = this.#client.outbox.items.size;
    const text = waiting ? `${waiting} unsent messages stay in this browser until you sign in again.` : "Your chats stay on the server.";
    if (!(await confirmed("Sign out?", text, "Sign out"))) return;
    await this.#client.rest.post("/auth/logout").catch(() => {});
    this.#client.emit("signed-out");
  }
}

/** A browser's long name in few words. */
function deviceOf(agent) {
  const browser = ["Firefox", "Edg", "OPR", "Chrome", "Safari"].find((name) => agent.includes(name));
  const system = ["Android", "iPhone", "iPad", "Windows", "Mac OS", "Linux"].find((name) => agent.includes(name));
  const names = { Edg: "Edge", OPR: "Opera" };
  return browser ? `${names[browser] ?? browser}${system ? ` on ${system}` : ""}` : beginningOf(agent, 60) || "Unknown device";
}
