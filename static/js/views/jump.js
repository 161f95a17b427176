// Brings messages of a conversation into view, loaded if they are not, and lets them stand out for a moment.

import { gettext } from "../language.js";
import { focusWatch } from "./dom.js";
import { FoundMarks } from "./found_marks.js";

const MARKED_MS = 2500;
const FROM_TOP_PX = 112; // below what lies over the list

export class Jump {
  #client;
  #chatOf;
  #messages;
  #timer = null;
  #last = 0; // the last one that was asked for: another that comes after it moves nothing
  #marks;
  seq = null; // of the message that stands out

  /** `messages` is the MessageList of the conversation. */
  constructor(client, chatOf, messages) {
    this.#client = client;
    this.#chatOf = chatOf;
    this.#messages = messages;
    this.#marks = new FoundMarks(messages.list);
  }

  stop() {
    this.#last = -1;
    clearTimeout(this.#timer);
    this.#marks.stop();
  }

  /** `hits` and `query`: of a search, whose words stand out then; `keepsFocus`: it stays where it is. */
  async to(seq, { hits = [], query = "", keepsFocus = false } = {}) {
    const jump = ++this.#last;
    const chat = this.#chatOf();
    const mayFocus = focusWatch(this.#messages.node);
    this.mark(hits, query, seq);
    try {
      await this.#client.loadOne(chat, seq);
    } catch {
      if (jump === this.#last) this.#client.emit("problem", gettext("This message comes with the connection."));
      return;
    }
    if (jump !== this.#last) return;
    if (!chat.log.at(seq)) {
      this.#client.emit("problem", gettext("This message is no longer there."));
      return;
    }
    this.seq = seq;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.seq = null;
      this.#messages.update();
    }, MARKED_MS);
    this.#messages.toPlace(seq - 1, FROM_TOP_PX);
    if (!keepsFocus && mayFocus()) this.#messages.focus(seq - 1);
  }

  /** Let what was found stand out where it stands, until something else was; without hits, nothing. */
  mark(hits = [], query = "", now = null) {
    this.#marks.show(hits, query, now);
  }
}
