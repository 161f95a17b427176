// The messages with a star, over all chats: a press leads to each.

import { gettext } from "../language.js";
import { starsOf } from "../stars.js";
import { openDialog } from "./dialogs.js";
import { el } from "./dom.js";
import { foundRow } from "./found_row.js";

/** Show them in a dialog; `client` hears "show" of the one that was chosen. */
export async function showStarred(client) {
  const list = el("ul.found", { role: "list" });
  const none = el("p.hint", { role: "status" }, gettext("Loading…"));
  const more = el("button", { type: "button", hidden: true }, gettext("Show more"));
  const chosen = await openDialog(gettext("Starred messages"), (close) => {
    let next;
    const load = async () => {
      try {
        const page = await starsOf(client).list(next);
        next = page.next;
        list.append(...page.messages.map((message) => foundRow(client, message, null, () => close(message))));
        none.hidden = list.childElementCount > 0;
        none.textContent = gettext("No message has a star yet. Give one by the menu of a message.");
        more.hidden = !next;
      } catch (error) {
        none.textContent = error.name === "Refused" ? error.message : gettext("They come with the connection.");
      }
    };
    more.addEventListener("click", load);
    load();
    return [none, list, el("div.buttons", {}, more, el("button.primary", { type: "button", onclick: () => close() }, gettext("Close")))];
  });
  if (chosen) client.emit("show", { chat: chosen.chat, seq: chosen.seq });
}
