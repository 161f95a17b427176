// Keeps a signed-in line to the server: opens it, joins the namespaces, and opens another when it breaks.
//
//   const connection = new Connection({ url, token });
//   connection.on("ready", (greeting) => …)      // joined everywhere; `greeting` is the body of /chat's `ready`
//   connection.on("event", ({ namespace, name, body }) => …)
//   connection.on("state", (state) => …)         // "offline" | "connecting" | "joined" | "stopped"
//   connection.on("refused", (error) => …)       // the session is over: sign in again
//   await connection.ask("/chat", "message_send", { … })   // the answer without `ok`; throws Refused or LineBroken

import { Emitter } from "./emitter.js";
import { Line, LineBroken } from "./engine.js";
import { gettext, refusalsKnown, refusalText } from "./language.js";

export const NAMESPACES = ["/chat", "/typing", "/presence", "/receipts", "/events"];
const JOIN_WITHIN_MS = 10000;
const FIRST_WAIT_MS = 400, LONGEST_WAIT_MS = 15000;

/** The server's "no": a stable `code`, a sentence, and whether the same request can succeed later. */
export class Refused extends Error {
  constructor({ code, message, retryable, retry_after_ms: retryAfterMs }) {
    super(refusalText(code, message));
    Object.assign(this, { name: "Refused", code, sentence: message, retryable: Boolean(retryable), retryAfterMs });
  }
}

/** How long to wait before a try: doubling, and spread so that a restarted server is not met by everybody at once. */
export function waitBefore(tries, random = Math.random()) {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** tries) * (0.5 + random / 2);
}

export class Connection extends Emitter {
  #url;
  #token;
  #line = null;
  #joined = new Set();
  #greeting = null;
  #tries = 0;
  #isFullFor = 0; // ms until the server wants to see us again, when it said so
  #timer = null;
  state = "stopped";
  nextTryAt = null;

  constructor({ url, token }) {
    super();
    this.#url = url;
    this.#token = token;
  }

  start() {
    globalThis.addEventListener?.("online", this.#wake);
    globalThis.addEventListener?.("offline", this.#cut);
    this.#open();
  }

  stop() {
    globalThis.removeEventListener?.("online", this.#wake);
    globalThis.removeEventListener?.("offline", this.#cut);
    this.#show("stopped");
    clearTimeout(this.#timer);
    this.#line?.close();
    this.#line = null;
  }

  /** Try now instead of at the end of the wait. */
  retry() {
    if (this.state === "offline") this.#open();
  }

  /** Give up a line that is open and does not answer; another is opened. */
  restart(reason) {
    this.#line?.close(reason);
  }

  async ask(namespace, name, body) {
    if (this.state !== "joined") throw new LineBroken("not connected");
    const answer = await this.#line.ask(namespace, name, body);
    if (answer?.ok) return answer;
    await refusalsKnown();
    throw new Refused(answer?.error ?? { code: "unknown", message: gettext("The server cannot be reached. Is this device online?"), retryable: true });
  }

  #wake = () => {
    this.#tries = 0;
    this.retry();
  };

  #cut = () => this.#line?.close("this device is offline");

  #open() {
    clearTimeout(this.#timer);
    this.nextTryAt = null;
    this.#joined.clear();
    this.#greeting = null;
    this.#show("connecting");
    const line = new Line(this.#url, {
      onJoined: (namespace) => this.#join(namespace),
      onRefused: (namespace, error) => this.#refuse(line, error),
      onEvent: (namespace, name, body) => this.#hear(namespace, name, body),
      onClosed: (reason) => this.#lose(line, reason),
    });
    this.#line = line;
    for (const namespace of NAMESPACES) line.join(namespace, { token: this.#token });
    this.#timer = setTimeout(() => line.close("the server does not answer"), JOIN_WITHIN_MS);
  }

  #join(namespace) {
    this.#joined.add(namespace);
    this.#settle();
  }

  #hear(namespace, name, body) {
    if (name === "ready") {
      this.#greeting = body;
      this.#settle();
    } else {
      this.emit("event", { namespace, name, body });
    }
  }

  #settle() {
    if (!this.#greeting || this.#joined.size < NAMESPACES.length || this.state === "joined") return;
    clearTimeout(this.#timer);
    this.#tries = 0;
    this.#show("joined");
    this.emit("ready", this.#greeting);
  }

  #refuse(line, { message, data }) {
    if (data?.retryable) {
      this.#isFullFor = data.retry_after_ms ?? 0;
      line.close(message);
    } else {
      this.stop();
      this.emit("refused", new Refused({ ...data, message }));
    }
  }

  #lose(line, reason) {
    if (line !== this.#line || this.state === "stopped") return;
    clearTimeout(this.#timer);
    this.#line = null;
    const wait = Math.max(waitBefore(this.#tries++), this.#isFullFor);
    this.#isFullFor = 0;
    this.nextTryAt = Date.now() + wait;
    this.#timer = setTimeout(() => this.#open(), wait);
    this.reason = reason;
    this.#show("offline");
  }

  #show(state) {
    this.state = state;
    this.emit("state", state);
  }
}
