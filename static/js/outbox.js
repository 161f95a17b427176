// What was written here and is not yet known to be stored there. Nothing in it is lost, nothing leaves it twice.
//
//   const outbox = new Outbox({ table, ask, loadUploads }); // table: store.js; ask(event, body): a request on /chat; resolves with Uploads
//   await outbox.open()                                 // what an earlier visit left
//   await outbox.add({ lane, event: "message_send", body: { contact: "4930…", type: "t", text } })
//   await outbox.add({ lane, event: FILE, body, file }) // `file`: a Blob, kept with the item and removed with it
//   outbox.resume() / outbox.pause()                    // with the connection
//   outbox.settle(clientId)                             // the log shows it: done, also when its answer was lost
//   await outbox.change(clientId, body)                 // and `takeBack(clientId)`: false once it may have been sent
//   await outbox.cancel(clientId)                       // of a file also then: "gone", "late" (it is stored), or "unsure" until there is a line
//
// Each item gets a client_id once, is written to IndexedDB before it is sent, and is sent with the same client_id until
// there is an answer: the server stores an id once, for ever, and answers every repetition alike. One item per lane (a
// chat) is on its way at a time, so what was written first is stored first, through any number of breaks.
//
// `isUnsent` says that no window has tried to send an item: only such a one may be changed or taken back. What is on the disk
// decides, since several windows share it: whoever sends an item first takes that mark away, in one transaction.
//
// A file is sent by one window at a time. One that may have arrived in an earlier attempt (`mayBeStored`) is asked for before it is
// sent once more, and one that was cancelled then (`isUnwanted`) is only asked for: `on("late", item)` says that it had been stored.

import { Refused } from "./connection.js";
import { Emitter } from "./emitter.js";
import { gettext, language } from "./language.js";

export const FILE = "file_send";
const MESSAGES = new Set(["message_send", FILE]);
const FILE_TRIES_MAX = 8; // while there is a line: whatever ends an upload each time does so the next time, too
const AGAIN_MS = 1000, AGAIN_MAX_MS = 15000;
const SESSION_OVER = new Set(["unauthenticated", "session_revoked"]);

/** Whether an item becomes a message: the others change one. */
export const isMessage = (item) => MESSAGES.has(item.event);

/** 128 random bits; `crypto.randomUUID` is missing where a page is not served over TLS. */
export function newClientId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What is kept is read in another language, too. */
function failureOf(error) {
  if (error.name === "Refused") return { code: error.code, message: error.message, sentence: error.sentence, language };
  return { code: error.code ?? "broken", message: gettext("the connection broke each time."), sentence: "the connection broke each time.", language };
}

export class Outbox extends Emitter {
  #table;
  #ask;
  #uploads = null;
  #loadUploads;
  #mend;
  #cancelled = new Set(); // client_ids of files that were stopped before they were whole
  #isRunning = false;
  #busy = new Set(); // lanes with an item on its way
  #lastOrder = 0;
  #sleepers = new Set(); // ends the wait of an item that failed, when the connection is back
  items = new Map(); // client_id -> item, in the order written

  /** `mend(item, error)`: another body for an item that was refused, with which it is sent at once, or null, or a promise of it. */
  constructor({ table, ask, loadUploads, mend = () => null }) {
    super();
    this.#table = table;
    this.#ask = ask;
    this.#loadUploads = loadUploads;
    this.#mend = mend;
  }

  async open() {
    const rows = await this.#table.list();
    for (const item of rows.sort((one, other) => one.order - other.order)) {
      if (!this.items.has(item.client_id)) this.items.set(item.client_id, item);
      this.#lastOrder = Math.max(this.#lastOrder, item.order);
    }
    this.emit("change");
    this.#work();
  }

  /** Resolves when it is kept: from then on it survives whatever happens to this page. */
  async add({ lane, event, body, madeAt = new Date().toISOString(), file = null }) {
    this.#lastOrder = Math.max(this.#lastOrder + 0.001, Date.now());
    const isUnsent = event === FILE || !this.#isRunning || this.#busy.has(lane);
    const item = { client_id: newClientId(), lane, event, body, order: this.#lastOrder, made_at: madeAt, isUnsent, stored: null, failed: null };
    if (file) await this.#table.put(item, file);
    else await this.#table.put(item);
    this.items = new Map([...this.items, [item.client_id, item]].sort(([, one], [, other]) => one.order - other.order));
    this.emit("change");
    this.#work();
    return item;
  }

  resume() {
    this.#isRunning = true;
    this.#uploads?.resume();
    for (const wake of this.#sleepers) wake();
    this.#work();
  }

  pause() {
    this.#isRunning = false;
    this.#uploads?.pause();
  }

  /** The Blob of an item that waits, or undefined. */
  file(clientId) {
    return this.#table.file(clientId);
  }

  /** How much of a file has gone out: {sent, total} in bytes. */
  progressOf({ client_id: id, body }) {
    return this.#uploads?.progressOf(id) ?? { sent: 0, total: body.size_bytes };
  }

  /** What waits in a lane, oldest first. */
  in(lane) {
    return [...this.items.values()].filter((item) => item.lane === lane);
  }

  /** Send again what was refused. */
  async retry(clientId) {
    const item = this.items.get(clientId);
    if (!item) return;
    item.failed = null;
    await this.#table.put(item);
    this.emit("change");
    this.#work();
  }

  /** Replace what waits; false, and nothing is different, when it may have been sent. */
  async change(clientId, body) {
    const isChanged = await this.#table.update(clientId, (row) => (row?.isUnsent ? { ...row, body } : undefined));
    const item = this.items.get(clientId);
    if (isChanged && item) item.body = body;
    this.emit("change");
    return isChanged;
  }

  /** Remove what waits; false, and nothing is different, when it may have been sent. */
  async takeBack(clientId) {
    const isRemoved = await this.#table.update(clientId, (row) => (row?.isUnsent ? null : undefined));
    if (isRemoved) this.items.delete(clientId);
    this.emit("change");
    return isRemoved;
  }

  /** Stop a file, wherever it is: "gone" for good, "late" when it is stored, "unsure" when only the server knows, which is asked. */
  async cancel(clientId) {
    if (await this.takeBack(clientId)) return "gone";
    const item = this.items.get(clientId);
    if (!item || item.stored) return "late";
    if (item.failed || (!item.mayBeStored && this.#uploads?.abort(clientId))) {
      this.#cancelled.add(clientId);
      await this.#drop(item);
      return "gone";
    }
    item.isUnwanted = true;
    this.emit("change");
    await this.#table.update(clientId, (row) => row && { ...row, isUnwanted: true }).catch(() => {});
    for (const wake of this.#sleepers) wake();
    return "unsure";
  }

  /** It is in the log, or nobody wants it any more. */
  async settle(clientId) {
    const item = this.items.get(clientId);
    if ((item?.isUnwanted && !item.failed) || this.#cancelled.delete(clientId)) this.emit("late", item);
    if (item) await this.#drop(item);
  }

  async #drop(item) {
    this.items.delete(item.client_id);
    this.#uploads?.discard(item.client_id);
    this.emit("change");
    await this.#table.remove(item.client_id);
  }

  #work() {
    if (!this.#isRunning) return;
    for (const item of this.items.values()) {
      if (item.stored || item.failed || this.#busy.has(item.lane)) continue;
      this.#busy.add(item.lane);
      const delivered = item.event === FILE ? this.#deliverAlone(item) : this.#deliver(item);
      delivered.catch(() => {}).finally(() => {
        this.#busy.delete(item.lane);
        this.#work();
      });
    }
  }

  /** A file: what that takes is loaded with the first one, and one window sends it. */
  async #deliverAlone(item) {
    if (!this.#uploads) {
      const uploads = await this.#loadUploads().catch(() => this.#sleep(AGAIN_MS)); // the line broke: tried again
      if (!uploads) return;
      this.#uploads ??= uploads;
      if (this.#uploads === uploads) uploads.on("progress", (clientId) => this.emit("progress", clientId));
    }
    await this.#uploads.alone(item.client_id, () => this.#deliver(item));
  }

  /** From now on it may have been sent; false when another window took it back. */
  async #claim(item) {
    let row = null;
    try {
      await this.#table.update(item.client_id, (found) => {
        row = found;
        return found && { ...found, isUnsent: false };
      });
    } catch {
      row = item; // a disk that fails now held the item before: it is sent as it is here
    }
    item.isUnsent = false;
    if (row) {
      item.body = row.body; // another window may have changed it
      item.mayBeStored ||= !row.isUnsent; // an earlier visit, or another window, may have sent it
      item.isUnwanted ||= row.isUnwanted;
    } else this.items.delete(item.client_id);
    this.emit("change");
    return Boolean(row);
  }

  async #deliver(item) {
    if (!this.items.has(item.client_id)) return; // it is settled since
    if ((item.isUnsent || item.event === FILE) && !(await this.#claim(item))) return;
    for (let tries = 0; this.#isRunning && this.items.has(item.client_id); tries++) {
      try {
        const answer = await this.#send(item);
        if (!answer) return await this.#drop(item); // cancelled, and not stored
        item.stored = answer.entry ?? answer.message ?? {};
        this.emit("stored", { item, answer });
        this.emit("change");
        return;
      } catch (error) {
        if (SESSION_OVER.has(error.code)) return this.pause(); // it waits for the next sign-in
        if (!this.items.has(item.client_id)) return; // it was cancelled
        const isRefused = error.name === "Refused";
        item.mayBeStored ||= Boolean(error.isWhole) && !isRefused;
        if (item.isUnwanted && isRefused && !error.retryable) return await this.#drop(item);
        if (isRefused && !item.isUnwanted && (await this.#isMended(item, error))) continue;
        if (error.isStale) tries -= 1; // it was ended here, and begins anew
        if (error.hasMoved) tries = 0; // a line that breaks often brings it there all the same
        const isHopeless = item.event === FILE && this.#isRunning && tries + 1 >= FILE_TRIES_MAX;
        if (isHopeless || (isRefused && !error.retryable)) {
          item.failed = failureOf(error);
          await this.#table.put(item).catch(() => {}); // before anybody hears of it and takes it away
          this.emit("change");
          return;
        }
        const wait = error.isStale ? 0 : Math.max(error.retryAfterMs ?? 0, Math.min(AGAIN_MAX_MS, AGAIN_MS * 2 ** tries));
        if (this.#isRunning) await this.#sleep(wait);
      }
    }
  }

  async #isMended(item, error) {
    const body = await this.#mend(item, error);
    if (!body) return false;
    item.body = body;
    await this.#table.update(item.client_id, (row) => row && { ...row, body }).catch(() => {});
    this.emit("change");
    return true;
  }

  /** The server's answer; null for a file that is no longer wanted and not there. */
  async #send(item) {
    if (item.event !== FILE) return this.#ask(item.event, { ...item.body, client_id: item.client_id });
    if (item.mayBeStored || item.isUnwanted) {
      const found = await this.#uploads.find(item);
      if (found || item.isUnwanted) return found && { message: found };
      item.mayBeStored = false;
    }
    const file = await this.#table.file(item.client_id);
    if (!file) throw new Refused({ code: "lost", message: gettext("This browser no longer has the file.") });
    if (item.isUnwanted) return null; // since it was read
    return { message: await this.#uploads.send(item, file) };
  }

  #sleep(ms) {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#sleepers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#sleepers.add(wake);
    });
  }
}
