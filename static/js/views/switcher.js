// Finds a chat by its name, in a dialog.

import { gettext } from "../language.js";
import { openDialog } from "./dialogs.js";
import { el } from "./dom.js";

const SHOWN_MAX = 50; // chats to choose from

/** A field that finds a chat by its name; resolves with the address of the chosen one, or null. */
export function openSwitcher(client) {
  return openDialog(gettext("Go to a chat"), (close) => {
    let chosen = 0;
    let found = [];
    const list = el("ul.menu", { role: "listbox", id: "switcher-list", "aria-label": gettext("Chats") });
    const input = el("input", { type: "text", role: "combobox", "aria-label": gettext("Name of a chat"), "aria-controls": "switcher-list", "aria-expanded": "true", autocomplete: "off", dir: "auto",
      oninput: () => draw(0),
      onkeydown: (event) => {
        const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (event.key === "Enter" && found[chosen] && !event.isComposing) close(found[chosen].href);
        else if (step && found.length) draw((chosen + step + found.length) % found.length);
        else return;
        event.preventDefault();
      } });
    const draw = (place) => {
      const query = input.value.trim().toLowerCase();
      found = client.listed().map((chat) => ({ href: chat.isLoaded ? `#/chat/${chat.id}` : `#/contact/${chat.contact}`, title: client.people.titleOf(chat) }))
        .filter(({ title }) => title.toLowerCase().includes(query)).slice(0, SHOWN_MAX);
      chosen = place;
      list.replaceChildren(...found.map(({ href, title }, other) =>
        el("li.menu-item", { id: `switcher-${other}`, role: "option", "aria-selected": String(other === chosen), dir: "auto", onclick: () => close(href) }, title)));
      list.children[chosen]?.scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", found.length ? `switcher-${chosen}` : "");
      none.hidden = found.length > 0;
    };
    const none = el("p.hint", { role: "status", hidden: true }, gettext("No chat has this name."));
    draw(0);
    return [input, list, none];
  });
}
