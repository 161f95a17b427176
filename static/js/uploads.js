// Files on their way to the server, over HTTP: how much has gone out, whether one may have arrived, one window at a time.
//
//   const uploads = new Uploads({ rest });
//   await uploads.alone(clientId, work)          // `work` while no other window of this browser sends the same
//   await uploads.find(item)                     // the message that is stored under this client_id already, or null
//   await uploads.send(item, blob)               // the stored message: {chat, seq, …}; an upload begins at its first byte
//   uploads.progressOf(clientId)                 // {sent, total} in bytes; `on("progress", clientId)` says that it grew
//   uploads.abort(clientId)                      // true: nothing of it is stored; false: it may have arrived whole
//
// Errors are those of the sockets: Refused with `retryable`, or LineBroken when it is not known whether the server has it.

import { Refused } from "./connection.js";
import { Emitter } from "./emitter.js";
import { LineBroken } from "./engine.js";
import { RestError } from "./rest.js";

const ROUTES = { i: "image", v: "video", s: "voice", a: "audio", d: "document" };
const STILL_MS = 5000; // without a byte that goes out, when the line was broken meanwhile
const STALLED_MS = 30000; // without a byte that goes out
const ANSWER_WITHIN_MS = 90000; // of a file that has gone out whole: the server looks at it
const AGAIN_LATER = new Set([408, 429, 500, 502, 503, 504]);

export class Uploads extends Emitter {
  #rest;
  #running = new Map(); // client_id -> { sent, total, sentAtPause, isWhole, stop }
  #Request;
  #stillMs;

  constructor({ rest, Request = globalThis.XMLHttpRequest, stillMs = STILL_MS }) {
    super();
    this.#stillMs = stillMs;
    this.#rest = rest;
    this.#Request = Request;
  }

  /** Browsers lend locks to pages that came safely alone. Elsewhere two windows may send the same, which is stored once all the same. */
  alone(clientId, work) {
    const { locks } = globalThis.navigator ?? {};
    return locks ? locks.request(`parley-upload-${clientId}`, work) : work();
  }

  progressOf(clientId) {
    const { sent, total } = this.#running.get(clientId) ?? {};
    return total === undefined || total === null ? null : { sent, total };
  }

  /** A form without its file: the server answers with the message of this client_id, or refuses the form. */
  async find(item) {
    try {
      return await this.#post(item, formOf(item));
    } catch (error) {
      if (error.name === "Refused" && error.code === "malformed") return null;
      throw error;
    }
  }

  send(item, blob) {
    const form = formOf(item);
    form.append("filename", blob, item.body.file_name);
    return this.#post(item, form, blob.size);
  }

  /** Stop one of which the last bytes have not left this browser: the server cannot have it. */
  abort(clientId) {
    const running = this.#running.get(clientId);
    if (!running || running.isWhole || running.total === null) return false;
    running.stop("stopped here");
    return true;
  }

  /** The line is broken; what goes out nevertheless may go on. */
  pause() {
    for (const running of this.#running.values()) running.sentAtPause ??= running.sent;
  }

  /** The line is back: what has not moved since, and for some seconds, hangs on a line that is dead. */
  resume() {
    for (const running of this.#running.values()) {
      const isStill = running.sentAtPause === running.sent && performance.now() - running.movedAt >= this.#stillMs;
      if (!running.isWhole && isStill) running.stop("the line was broken", { isStale: true });
      else running.sentAtPause = null;
    }
  }

  /** Resolves with the answer. `total` is null for a form without a file. */
  #post({ client_id: id, body }, form, total = null) {
    const { promise, resolve, reject } = withResolvers();
    const request = new this.#Request();
    const running = { sent: 0, total, movedAt: performance.now(), sentAtPause: null, isWhole: false, stop: (reason, facts = {}) => end(Object.assign(new LineBroken(reason), facts)) };
    let timer = null;
    const end = (error, answer) => {
      clearTimeout(timer);
      this.#running.delete(id);
      this.emit("progress", id);
      request.onload = request.onerror = request.onabort = null;
      request.abort();
      if (error) reject(Object.assign(error, { isWhole: running.isWhole }));
      else resolve(answer);
    };
    const within = (ms) => {
      clearTimeout(timer);
      timer = setTimeout(() => running.stop(`nothing happened within ${ms} ms`), ms);
      timer.unref?.(); // under node, which would wait for it
    };
    request.open("POST", `/api/messages/send-${ROUTES[body.type]}/`);
    request.setRequestHeader("Authorization", `Bearer ${this.#rest.token}`);
    request.upload.onprogress = ({ loaded }) => {
      running.sent = Math.min(loaded, total ?? loaded);
      running.movedAt = performance.now();
      within(STALLED_MS);
      this.emit("progress", id);
    };
    request.upload.onload = () => {
      running.isWhole = true;
      within(ANSWER_WITHIN_MS);
    };
    request.onload = () => {
      const shown = parsed(request.responseText);
      if (request.status === 200 && shown?.seq) end(null, shown);
      else end(refusalOf(request, shown));
    };
    request.onerror = request.onabort = () => end(new LineBroken("the line broke"));
    this.#running.set(id, running);
    within(STALLED_MS);
    request.send(form);
    return promise;
  }
}

function formOf({ client_id: id, body }) {
  const form = new FormData();
  const fields = { contact: body.contact, group_id: body.group, chat: body.group ? undefined : body.chat, client_id: id, caption: body.caption, reply_to: body.reply_to };
  for (const [name, value] of Object.entries(fields)) if (value !== undefined && value !== null) form.append(name, value);
  return form;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** What the sockets would say. A session that is over has the code by which the outbox waits for the next sign-in. */
function refusalOf(request, body) {
  const { status } = request;
  const seconds = Number(request.getResponseHeader("Retry-After")) || 0;
  const { message, code } = new RestError(status, body);
  const known = code ?? (status === 400 ? "malformed" : status === 401 ? "unauthenticated" : `status_${status}`);
  const refused = new Refused({ code: known, message, retryable: AGAIN_LATER.has(status), retry_after_ms: seconds * 1000 });
  return Object.assign(refused, { message }); // in the reader's words already
}

function withResolvers() {
  let resolve, reject;
  const promise = new Promise((done, failed) => ([resolve, reject] = [done, failed]));
  return { promise, resolve, reject };
}
