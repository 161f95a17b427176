// Who may see what of this person, whether they are seen as online, and whom they blocked.

import { gettext } from "../../language.js";
import { blockNumber, unblock } from "../contact_acts.js";
import { avatar, el } from "../dom.js";
import { compareWords } from "../../locale.js";
import { checkbox, loaded, savedAtOnce, select } from "./fields.js";
import { linkPreviews } from "./link_previews.js";
import "../presses.js";

const SETTINGS = "/api/account/privacy-settings/";
const STATUS = "/api/account/connected-status/";
const AUDIENCES = [["all", gettext("Everybody")], ["contacts", gettext("My contacts")], ["none", gettext("Nobody")]];
const PARTS = [
  ["photo", gettext("Photo")],
  ["status_message", gettext("Status message")],
  ["last_seen", gettext("Last seen")],
];

export function open(client) {
  return new Privacy(client);
}

class Privacy {
  #client;
  #off;

  constructor(client) {
    this.#client = client;
    this.blocked = el("div");
    this.node = el("div", {},
      el("h2", {}, gettext("Who may see")), loaded(() => client.rest.get(SETTINGS), (held) => [...PARTS.map(([part, label]) => this.#part(part, label, held[part])), ...(held.read_receipts ? [this.#receipts(held.read_receipts)] : [])]),
      el("h2", {}, gettext("Being online")), loaded(() => client.rest.get(STATUS), ({ connected_status: status }) => this.#hiding(status === "offline")),
      linkPreviews(client), this.blocked);
    this.#off = client.on("people", () => this.#drawBlocked());
    this.#drawBlocked();
  }

  stop() {
    this.#off();
  }

  #part(part, label, held) {
    return savedAtOnce({ control: select(AUDIENCES), label, held, save: (who) => this.#client.rest.post(SETTINGS, { [part]: who }) });
  }

  #receipts(held) {
    const audiences = AUDIENCES.filter(([who]) => who !== "contacts");
    return savedAtOnce({
      control: select(audiences), label: gettext("Read receipts"), held, hint: gettext("Where one of two people hides them, neither sees what the other has read."),
      save: (who) => this.#client.rest.post(SETTINGS, { read_receipts: who }),
    });
  }

  /** REST hides all devices until that is taken back; a device takes it back by saying that it is there. */
  #hiding(isHidden) {
    const { rest, ask } = this.#client;
    return savedAtOnce({
      control: checkbox(), label: gettext("Appear offline"), held: isHidden, hint: gettext("While you do, you do not see who else is online."),
      save: (wanted) => (wanted ? rest.post(STATUS, { connected_status: "offline" }) : ask("/presence", "presence_set", { status: "online" })),
    });
  }

  #drawBlocked() {
    const { people } = this.#client;
    if (people.blocked === null) return this.blocked.replaceChildren(this.shown = ""); // this server has no blocking
    const numbers = [...people.blocked].sort((one, other) => compareWords(people.nameOf(one), people.nameOf(other)));
    const version = JSON.stringify(numbers.map((number) => [number, people.nameOf(number), people.photos.get(number)]));
    if (version === this.shown) return; // what has the focus keeps it
    this.shown = version;
    this.blocked.replaceChildren(
      el("h2", {}, gettext("Blocked")),
      el("p.hint", {}, numbers.length ? gettext("Their messages do not reach you. They are not told.") : gettext("You have not blocked anyone.")),
      el("ul.people", { role: "list" }, ...numbers.map((number) => this.#blockedRow(number))),
      el("div.buttons", {}, el("button", { type: "button", onclick: () => blockNumber(this.#client) }, gettext("Block a number"))));
  }

  #blockedRow(number) {
    const { people } = this.#client;
    const name = people.nameOf(number);
    return el("li.person", {},
      el("a.person-link", { href: `#/person/${number}` }, avatar(name, people.photos.get(number)), el("span.person-name", { dir: "auto" }, name), name === `+${number}` ? null : el("span.person-line", {}, el("bdi", { dir: "ltr" }, `+${number}`))),
      el("button", { type: "button", "aria-label": gettext("Unblock {name}", { name }), onclick: () => unblock(this.#client, number) }, gettext("Unblock")));
  }
}
