// How long messages of a chat stay, and the way to clear it for oneself: a part of the page about a person or a group.

import { gettext } from "../language.js";
import { spanInWords } from "../locale.js";
import { confirmed } from "./dialogs.js";
import { el } from "./dom.js";

const DAY_S = 86400;
const OFFERED = [DAY_S, 7 * DAY_S, 90 * DAY_S];

export class ChatKeeping {
  #client;
  #chatOf;
  #offered = ""; // what the choice is made of
  #saving = 0; // choices on their way: until they are settled, the last one is shown

  /** `chatOf()` gives the chat, or undefined before there is one. */
  constructor(client, chatOf) {
    this.#client = client;
    this.#chatOf = chatOf;
    this.choice = el("select", { onchange: () => this.#set() });
    this.clear = el("button.danger", { type: "button", onclick: () => this.#clear() }, gettext("Clear chat…"));
    this.node = el("section", { hidden: true },
      el("label.field", {}, el("span", {}, gettext("Disappearing messages")), this.choice), el("p.hint", {}, gettext("What is sent from then on is gone for everybody after that time.")),
      el("div.buttons", {}, this.clear));
  }

  /** Show what is so; `maySet`: whether the server takes another time from this person. */
  draw(maySet) {
    const chat = this.#chatOf();
    this.node.hidden = !chat?.isLoaded || !chat.isMember;
    if (this.node.hidden) return;
    const seconds = chat.expiresAfter;
    const times = [...new Set([...OFFERED, ...(seconds ? [seconds] : [])])].sort((one, other) => one - other);
    if (this.#offered !== times.join()) this.choice.replaceChildren(el("option", { value: "" }, gettext("Off")), ...times.map((time) => el("option", { value: time }, spanInWords(time))));
    this.#offered = times.join();
    if (!this.#saving) this.choice.value = seconds ? String(seconds) : "";
    this.choice.disabled = !maySet;
  }

  async #set() {
    const seconds = Number(this.choice.value) || null;
    this.#saving += 1;
    await this.#attempt(() => this.#client.ask("/chat", "chat_expiry_set", { chat: this.#chatOf().id, expires_after_s: seconds }).finally(() => (this.#saving -= 1)));
  }

  async #clear() {
    const chat = this.#chatOf();
    const isSure = await confirmed(gettext("Clear this chat?"), gettext("All messages in it are deleted for you, on all of your devices. Others keep them."), gettext("Clear chat"));
    if (isSure) await this.#attempt(() => this.#client.ask("/chat", "chat_clear", { chat: chat.id }));
  }

  async #attempt(work) {
    try {
      await work();
    } catch (error) {
      this.draw(!this.choice.disabled); // as it is
      this.#client.emit("problem", error.name === "Refused" ? error.message : gettext("This can be done once there is a connection."));
    }
  }
}
