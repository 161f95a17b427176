// The top of a conversation: the way back, who it is with, whether they are there or writing, and the way to more about it.

import { gettext, ngettext } from "../language.js";
import { listOf } from "../locale.js";
import { aboutButton, aboutFace, statusLineOf } from "./about.js";
import { loaded } from "./attach.js";
import { avatar, el, iconButton, ownFace, show } from "./dom.js";
import { eventTile } from "./event_tile.js";

export class ConversationHeader {
  #client;
  #nameOf;
  #chat = null;

  /** `place` as in Conversation; `nameOf(number)`: what somebody is called in it. */
  constructor(client, place, navigate, nameOf) {
    this.#client = client;
    this.#nameOf = nameOf;
    this.title = el("h1.title", { dir: "auto", tabindex: "-1" });
    this.subtitle = el("p.subtitle");
    this.face = aboutFace(place);
    this.more = iconButton("more", gettext("Chat options"), () => this.#openMenu(), { hidden: true, "aria-haspopup": "menu" });
    this.node = el("header.bar", {}, iconButton("back", gettext("Back to the chats"), () => navigate("#/"), { class: "icon-button back" }), this.face,
      el("div.bar-text", {}, this.title, this.subtitle),
      this.more, aboutButton(place, navigate));
  }

  /** `chat` is a Chat, or the place where there will be one. */
  show(chat) {
    const { people, typing } = this.#client;
    this.#chat = chat;
    this.more.hidden = !chat.isLoaded;
    const title = people.titleOf(chat);
    show(this.title, title);
    const photo = people.photoOf(chat);
    const face = [title, photo, chat.day].join();
    if (this.face.dataset.of !== face) this.face.replaceChildren(chat.event ? eventTile(chat.day) : chat.kind === "self" ? ownFace() : avatar(title, photo));
    this.face.dataset.of = face;
    const writers = chat.id ? typing.in(chat.id) : [];
    this.subtitle.classList.toggle("is-typing", writers.length > 0);
    if (writers.length) show(this.subtitle, this.#typingText(chat, writers));
    else if (chat.kind === "self") show(this.subtitle, gettext("Only you see what is here"));
    else if (chat.kind === "direct") show(this.subtitle, statusLineOf(people, chat.contact));
    else show(this.subtitle, chat.marks?.size > 1 ? ngettext("{count} member", "{count} members", chat.marks.size) : chat.event ? gettext("Event") : gettext("Group"));
  }

  async #openMenu() {
    const menu = await loaded(() => import("./chat_menu.js"), (error) => this.#client.emit("problem", error.message));
    await menu?.openChatMenu(this.#client, this.#chat, this.more);
  }

  #typingText(chat, writers) {
    if (chat.kind === "direct") return gettext("is typing…");
    const names = writers.map((one) => this.#nameOf(this.#client.people.numberOf(one)));
    return names.length === 1 ? gettext("{who} is typing…", { who: names[0] }) : gettext("{names} are typing…", { names: listOf(names) });
  }
}
