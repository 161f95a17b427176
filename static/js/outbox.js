// What was written here and is not yet known to be stored there. Nothing in it is lost, nothing leaves it twice.
//
//   const outbox = new Outbox({ table, ask });          // table: store.js; ask(event, body): a request on /chat
//   await outbox.open()                                 // what an earlier visit left
//   await outbox.add({ lane, event: "message_send", body: { contact: "4930…", type: "t", text } })
//   outbox.resume() / outbox.pause()                    // with the connection
//   outbox.settle(clientId)                             // the log shows it: done, also when its answer was lost
//
// Each item gets a client_id once, is written to IndexedDB before it is sent, and is sent with the same client_id until
// there is an answer: the server stores an id once, for ever, and answers every repetition alike. One item per lane (a
// chat) is on its way at a time, so what was written first is stored first, through any number of breaks.

import { Emitter } from "./emitter.js";

const AGAIN_MS = 1000, AGAIN_MAX_MS = 15000;
const SESSION_OVER = new Set(["unauthenticated", "session_revoked"]);

/** 128 random bits; `crypto.randomUUID` is missing where a page is not served over TLS. */
export function newClientId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class Outbox extends Emitter {
  #table;
  #ask;
  #isRunning = false;
  #busy = new Set(); // lanes with an item on its way
  #lastOrder = 0;
  #sleepers = new Set(); // ends the wait of an item that failed, when the connection is back
  items = new Map(); // client_id -> item, in the order written

  constructor({ table, ask }) {
    super();
    this.#table = table;
    this.#ask = ask;
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
  async add({ lane, event, body }) {
    this.#lastOrder = Math.max(this.#lastOrder + 0.001, Date.now());
    const item = { client_id: newClientId(), lane, event, body, order: this.#lastOrder, made_at: new Date().toISOString(), stored: null, failed: null };
    await this.#table.put(item);
    this.items = new Map([...this.items, [item.client_id, item]].sort(([, one], [, other]) => one.order - other.order));
    this.emit("change");
    this.#work();
    return item;
  }

  resume() {
    this.#isRunning = true;
    for (const wake of this.#sleepers) wake();
    this.#work();
  }

  pause() {
    this.#isRunning = false;
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

  /** It is in the log, or nobody wants it any more. */
  async settle(clientId) {
    if (!this.items.delete(clientId)) return;
    this.emit("change");
    await this.#table.remove(clientId);
  }

  #work() {
    if (!this.#isRunning) return;
    for (const item of this.items.values()) {
      if (item.stored || item.failed || this.#busy.has(item.lane)) continue;
      this.#busy.add(item.lane);
      this.#deliver(item).finally(() => {
        this.#busy.delete(item.lane);
        this.#work();
      });
    }
  }

  async #deliver(item) {
    for (let tries = 0; this.#isRunning && this.items.has(item.client_id); tries++) {
      try {
        const answer = await this.#ask(item.event, { ...item.body, client_id: item.client_id });
        item.stored = answer.entry ?? answer.message ?? {};
        this.emit("stored", { item, answer });
        this.emit("change");
        return;
      } catch (error) {
        if (SESSION_OVER.has(error.code)) return; // it waits for the next sign-in
        if (error.name === "Refused" && !error.retryable) {
          item.failed = { code: error.code, message: error.message };
          this.emit("change");
          await this.#table.put(item);
          return;
        }
        const wait = Math.max(error.retryAfterMs ?? 0, Math.min(AGAIN_MAX_MS, AGAIN_MS * 2 ** tries));
        if (this.#isRunning) await this.#sleep(wait);
      }
    }
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
