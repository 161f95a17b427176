// A dialog that sends a message on to other chats.

import { gettext, ngettext } from "../language.js";
import { newClientId } from "../outbox.js";
import { form, openDialog } from "./dialogs.js";
import { avatar, el, ownFace } from "./dom.js";

const MOST = 20; // as many as the server takes at once

/** Resolves once it is closed; what was sent on is in its chats. */
export function forwardMessage(client, message) {
  const { people } = client;
  const listed = client.listed().filter((chat) => chat.isLoaded && chat.isMember);
  const own = [...client.chats.values()].filter((chat) => chat.isOwn && chat.isLoaded && !listed.includes(chat)); // nothing is in it yet
  const chats = [...listed, ...own];
  const clientId = newClientId(); // one for all tries: none of them stores it twice
  return openDialog(gettext("Forward to"), (close) => {
    const choices = chats.map((chat) => {
      const title = people.titleOf(chat);
      return el("label.choice", { "data-name": title.toLowerCase() }, el("input", { type: "checkbox", value: chat.id }), chat.isOwn ? ownFace() : avatar(title, people.photoOf(chat)), el("span", { dir: "auto" }, title));
    });
    const search = el("input.search", { type: "search", placeholder: gettext("Search chats"), "aria-label": gettext("Search chats"), oninput: ({ target }) => {
      const query = target.value.trim().toLowerCase();
      for (const choice of choices) choice.hidden = !choice.dataset.name.includes(query);
    } });
    const list = el("fieldset.choices.picked", {}, el("legend.unseen", {}, gettext("Forward to")), ...choices);
    return form([{ node: search }, { node: list }], gettext("Forward"), async () => {
      const to = choices.map((choice) => choice.querySelector("input")).filter((box) => box.checked).map((box) => ({ chat: Number(box.value) }));
      if (!to.length) throw new Error(gettext("Choose at least one."));
      if (to.length > MOST) throw new Error(ngettext("At most {count} chat at once.", "At most {count} chats at once.", MOST));
      try {
        await client.ask("/chat", "message_forward", { chat: message.chat, seq: message.seq, to, client_id: clientId });
      } catch (error) {
        throw error.name === "Refused" ? error : new Error(gettext("This message is sent on once there is a connection. Try again then."));
      }
      close(true);
    }, () => close(null));
  });
}
