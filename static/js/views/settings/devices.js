// Where this account is signed in, and the end of that.

import { gettext, ngettext, pgettext } from "../../language.js";
import { confirmed } from "../dialogs.js";
import { el } from "../dom.js";
import { beginningOf } from "../../words.js";
import { wholeTimeOf } from "../times.js";
import { loaded } from "./fields.js";

export function open(client) {
  return new Devices(client);
}

class Devices {
  #client;

  constructor(client) {
    this.#client = client;
    this.node = el("div");
    this.#draw();
  }

  #draw() {
    this.node.replaceChildren(loaded(() => this.#client.rest.get("/auth/sessions"), ({ sessions }) => this.#nodes(sessions)));
  }

  #nodes(sessions) {
    const others = sessions.filter(({ current }) => !current);
    return [
      el("h2", {}, gettext("Signed in here")),
      el("ul.people", { role: "list" }, ...sessions.map((session) => this.#row(session))),
      others.length ? el("div.buttons", {}, el("button.danger", { type: "button", onclick: () => this.#endOthers(others.length) }, gettext("Sign out everywhere else"))) : el("p.hint", {}, gettext("You are signed in nowhere else.")),
    ];
  }

  #row(session) {
    const name = deviceOf(session.device);
    return el("li.person", {},
      el("span.person-link", {}, el("span.person-name", { dir: "auto" }, name),
        el("span.person-line", {}, session.current ? gettext("This device") : gettext("Last used {time}", { time: wholeTimeOf(session.last_used) })),
        el("span.person-line", {}, gettext("Signed in {time}", { time: wholeTimeOf(session.created) }))),
      session.current ? null : el("button", { type: "button", onclick: () => this.#end(session, name) }, pgettext("verb", "End")));
  }

  async #end({ id }, name) {
    if (await confirmed(gettext("End this session?"), gettext("{name} is signed out at once.", { name }), pgettext("verb", "End"))) await this.#remove(`/auth/sessions/${id}`);
  }

  async #endOthers(count) {
    const text = ngettext("One other device is signed out at once. You stay signed in here.", "{count} other devices are signed out at once. You stay signed in here.", count);
    if (await confirmed(gettext("Sign out everywhere else?"), text, gettext("Sign out"))) await this.#remove("/auth/sessions");
  }

  async #remove(path) {
    await this.#client.rest.remove(path).catch((error) => this.#client.emit("problem", error.message));
    this.#draw();
  }
}

/** A browser's long name in few words. */
function deviceOf(agent) {
  const browser = ["Firefox", "Edg", "OPR", "Chrome", "Safari"].find((name) => agent.includes(name));
  const system = ["Android", "iPhone", "iPad", "Windows", "Mac OS", "Linux"].find((name) => agent.includes(name));
  const names = { Edg: "Edge", OPR: "Opera" };
  const name = names[browser] ?? browser;
  if (!browser) return beginningOf(agent, 60) || gettext("Unknown device");
  return system ? gettext("{browser} on {system}", { browser: name, system }) : name;
}
