// What stands in place of the composer where one cannot write: why, and the way back if there is one.

import { gettext } from "../language.js";
import { el, focusWatch, show } from "./dom.js";

export class Closed {
  #client;
  #place;

  /** `opened` is called after the way back was taken. */
  constructor(client, place, opened) {
    this.#client = client;
    this.#place = place;
    this.text = el("p");
    this.unblock = el("button", { type: "button", hidden: true, onclick: async () => {
      const mayFocus = focusWatch();
      try {
        await client.people.block(place.contact, false);
        if (mayFocus()) opened();
      } catch (error) {
        client.emit("problem", error.message);
      }
    } }, gettext("Unblock"));
    this.node = el("div.closed", { hidden: true }, this.text, this.unblock);
  }

  /** Show what is so; returns whether one cannot write. `chat` is null before there is one. */
  show(chat) {
    const { people } = this.#client;
    const isBlocked = this.#place.kind === "direct" && Boolean(people.blocked?.has(this.#place.contact));
    const isOut = chat !== null && !chat.isMember;
    this.node.hidden = !isBlocked && !isOut;
    this.unblock.hidden = !isBlocked;
    if (isBlocked) show(this.text, gettext("You blocked {who}. Unblock to write to each other.", { who: people.nameOf(this.#place.contact) }));
    else if (isOut) show(this.text, this.#place.event ? gettext("You are no longer invited.") : gettext("You are no longer in this group."));
    return isBlocked || isOut;
  }
}
