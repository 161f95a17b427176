// The chats of an account for a list, those too that a first message makes which waits to be sent.

import { Chat } from "./chat.js";
import { isMessage } from "./outbox.js";

/** Whether a chat is named by a number, which it has before it exists. */
export const isNamedByNumber = ({ kind }) => kind === "direct" || kind === "self";

export class ChatListing {
  #client;
  #beginnings = new Map(); // number -> the chat that a waiting first message will make

  constructor(client) {
    this.#client = client;
  }

  /** Those first that are pinned, then the newest, by what was written in them or waits to be sent. One's own is there once something is in it. */
  all() {
    const client = this.#client;
    const waiting = this.#newestWaiting();
    const listed = [...client.chats.values()].filter((chat) => chat.isLoaded && (!chat.isOwn || chat.last || waiting.has(client.laneOf(chat))));
    for (const lane of waiting.keys()) {
      const [, number] = /^contact:(\d+)$/.exec(lane) ?? [];
      if (number && !client.findDirect(number)) listed.push(this.#beginning(number));
    }
    const at = new Map(listed.map((chat) => [chat, [chat.lastAt, waiting.get(client.laneOf(chat)) ?? ""].sort()[1]]));
    const place = (chat) => chat.settings.pinned ?? Infinity;
    return listed.sort((one, other) => (place(one) !== place(other) ? place(one) - place(other) : at.get(one) < at.get(other) ? 1 : at.get(one) > at.get(other) ? -1 : other.id - one.id));
  }

  /** Lane -> when the newest message that waits there was written. */
  #newestWaiting() {
    const messages = [...this.#client.outbox.items.values()].filter(isMessage);
    return new Map(messages.map((item) => [item.lane, item.made_at]));
  }

  /** A chat to be: somebody was written to, and there is no answer of the server yet. Its `isLoaded` is false. */
  #beginning(number) {
    if (!this.#beginnings.has(number)) {
      const chat = new Chat(`contact:${number}`, this.#client.me);
      chat.describe(this.#client.placeOf(number));
      this.#beginnings.set(number, chat);
    }
    return this.#beginnings.get(number);
  }
}
