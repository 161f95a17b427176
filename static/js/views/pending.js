// What waits in the outbox for a chat, as its conversation shows it: messages behind the log, changes laid over it.

import { changed } from "../log.js";
import { FILE, isMessage } from "../outbox.js";
import { release } from "./dom.js";

const KINDS = { message_edit: "edit", message_delete: "deletion", reaction_set: "reaction", vote: "vote" };

export class Pending {
  #changes = new Map(); // seq -> changes in their order
  messages = [];

  /** Take what waits: items of the outbox in their order; `account` and `number` are the writer's, `files` are WaitingFiles. */
  adopt(items, { account, number, files }) {
    this.messages = items.filter(isMessage).map((item) => {
      const { url, upload } = files.show(item);
      return { kind: "message", outgoing: { ...item, upload }, client_id: item.client_id, type: "t", ...item.body, ...(url ? { url } : {}), from: number, sender: account, sent_at: item.made_at };
    });
    this.#changes = new Map();
    for (const item of items) {
      const kind = KINDS[item.event];
      if (!kind || item.failed || item.body.scope === "me") continue;
      const change = { ...item.body, kind, of: item.body.seq, account, edited_at: item.made_at };
      this.#changes.set(change.of, [...(this.#changes.get(change.of) ?? []), change]);
    }
  }

  has(seq) {
    return this.#changes.has(seq);
  }

  /** A message as it is now, in the log or where it waits: {message, isUnsent, isAway (on its way), failed}; null when it is gone. */
  current({ seq, client_id: id, sender }, chat, me) {
    const waiting = sender === me ? this.messages.find((one) => one.client_id === id) : null;
    if (waiting) {
      const { outgoing, ...message } = waiting;
      const number = chat ? outgoing.stored?.seq : undefined; // it is stored, and the log will show it in a moment
      return { message: number ? { ...message, seq: number } : message, isUnsent: outgoing.isUnsent, isAway: !number && !outgoing.isUnsent, failed: outgoing.failed };
    }
    const entry = seq ? chat?.log.at(seq) : chat?.log.find(id, me);
    return entry?.kind === "message" ? { message: this.over(entry), isUnsent: false, isAway: false, failed: null } : null;
  }

  /** An entry as it will be. */
  over(entry) {
    const changes = entry && this.#changes.get(entry.seq);
    return changes ? changes.reduce(changed, entry) : entry;
  }
}

/** Addresses under which files that wait to be sent are shown: made when one is first drawn, given up when it has gone. */
export class WaitingFiles {
  #outbox;
  #loaded;
  #urls = new Map(); // client_id -> address, or null while the file is read

  /** `loaded` is called when another file can be shown. */
  constructor(outbox, loaded) {
    this.#outbox = outbox;
    this.#loaded = loaded;
  }

  /** Forget all but these items of the outbox. */
  keep(items) {
    const kept = new Set(items.filter((item) => item.event === FILE).map((item) => item.client_id));
    for (const [id, url] of this.#urls) {
      if (kept.has(id)) continue;
      this.#urls.delete(id);
      if (url) release(url);
    }
  }

  /** What is shown of an item: {url?, upload}. */
  show(item) {
    if (item.event !== FILE) return {};
    if (!this.#urls.has(item.client_id)) this.#load(item.client_id);
    const upload = item.stored || item.failed ? null : { ...this.#outbox.progressOf(item), isUnwanted: Boolean(item.isUnwanted) };
    return { url: this.#urls.get(item.client_id) ?? undefined, upload };
  }

  stop() {
    this.keep([]);
  }

  async #load(id) {
    this.#urls.set(id, null);
    const file = await this.#outbox.file(id).catch(() => undefined);
    if (!file || !this.#urls.has(id)) return;
    this.#urls.set(id, URL.createObjectURL(file));
    this.#loaded();
  }
}
