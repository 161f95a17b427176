// Files on their way to the server, over HTTP: how much has gone out, whether one may have arrived, one window at a time.
//
//   const uploads = new Uploads({ rest });
//   await uploads.alone(clientId, work)          // `work` while no other window of this browser sends the same
//   await uploads.find(item)                     // the message that is stored under this client_id already, or null
//   await uploads.send(item, blob)               // the stored message: {chat, seq, …}
//   uploads.progressOf(clientId)                 // {sent, total} in bytes; `on("progress", clientId)` says that it grew
//   uploads.abort(clientId)                      // true: nothing of it is stored; false: it may have arrived whole
//   uploads.discard(clientId)                    // nobody wants it any more: what the server has of it may go
//
// A small file is one form. A larger one goes by tus (docs/messaging-api.md, "Uploads in parts"): begun again with its client_id, it
// goes on at the byte that the server lacks, after a broken line, in another visit, and at another node.
//
// Errors are those of the sockets: Refused with `retryable`, or LineBroken when it is not known whether the server has it. `hasMoved`:
// the server had more of the file than the time before.

import { Refused } from "./connection.js";
import { Emitter } from "./emitter.js";
import { LineBroken } from "./engine.js";
import { RestError } from "./rest.js";

const ROUTES = { i: "image", v: "video", s: "voice", a: "audio", d: "document" };
const STILL_MS = 5000; // without a byte that goes out, when the line was broken meanwhile
const STALLED_MS = 30000; // without a byte that goes out
const ANSWER_WITHIN_MS = 90000; // of a file that has gone out whole: the server looks at it
const IN_ONE_MAX_BYTES = 1 << 20; // a larger file goes in parts
const UPLOADS = "/api/messages/uploads/";
const TUS = { "Tus-Resumable": "1.0.0" };
const OF_THE_MESSAGE = new Set(["chat_not_found", "message_not_found", "participant_not_found"]); // refusals by 404 that are not about the upload
const AGAIN_LATER = new Set([408, 429, 500, 502, 503, 504]);

export class Uploads extends Emitter {
  #rest;
  #running = new Map(); // client_id -> what `#run` makes
  #begun = new Map(); // client_id -> {sent, offset, total, path} of a file that goes in parts; `offset`: what the server had
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
    const { sent, total } = this.#running.get(clientId) ?? this.#begun.get(clientId) ?? {};
    return total === undefined || total === null ? null : { sent, total };
  }

  /** A form without its file: the server answers with the message of this client_id, or refuses the form. */
  async find(item) {
    try {
      return await this.#run(item, null, (running) => this.#sendForm(item, formOf(item), running));
    } catch (error) {
      if (error.name === "Refused" && error.code === "malformed") return null;
      throw error;
    }
  }

  async send(item, blob) {
    const answer = await this.#run(item, blob.size, async (running) => {
      const isInParts = blob.size > IN_ONE_MAX_BYTES && (await this.#begin(item, blob, running));
      if (isInParts) return this.#sendRest(item, blob, running);
      const form = formOf(item);
      form.append("filename", blob, item.body.file_name);
      return this.#sendForm(item, form, running);
    });
    this.#begun.delete(item.client_id);
    return answer;
  }

  /** Stop one of which the last bytes have not left this browser: the server cannot have it. */
  abort(clientId) {
    const running = this.#running.get(clientId);
    if (!running || running.isWhole || running.total === null) return false;
    running.stop("stopped here");
    this.discard(clientId);
    return true;
  }

  discard(clientId) {
    if (this.#running.get(clientId)?.isWhole) return;
    const { path } = this.#begun.get(clientId) ?? {};
    this.#begun.delete(clientId);
    if (path) this.#rest.remove(path).catch(() => {}); // else it goes by itself, after a time
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

  /** `work` with what is known of it while it runs; `total` is null for a form without a file. */
  async #run({ client_id: id }, total, work) {
    const { sent } = this.#begun.get(id) ?? { sent: 0 };
    const running = { sent, total, movedAt: performance.now(), sentAtPause: null, isWhole: false, hasMoved: false, ended: null, end: () => {} };
    running.stop = (reason, facts = {}) => {
      running.ended ??= Object.assign(new LineBroken(reason), facts);
      this.#running.delete(id);
      running.end();
    };
    this.#running.set(id, running);
    try {
      return await work(running);
    } catch (error) {
      const begun = this.#begun.get(id);
      if (begun) begun.sent = running.sent; // shown until the server says how much of it has arrived
      throw Object.assign(error, { isWhole: running.isWhole, hasMoved: running.hasMoved });
    } finally {
      if (this.#running.get(id) === running) this.#running.delete(id);
      this.emit("progress", id);
    }
  }

  async #sendForm({ client_id: id, body }, form, running) {
    const request = await this.#ask(id, running, { method: "POST", path: `/api/messages/send-${ROUTES[body.type]}/`, body: form, isLast: true });
    const shown = parsed(request.responseText);
    if (request.status === 200 && shown?.seq) return shown;
    throw refusalOf(request, shown);
  }

  /** Begin an upload in parts, or find the one that began before. False: this server is an older one, which takes forms alone. */
  async #begin(item, blob, running) {
    const { client_id: id, body } = item;
    const fields = { ...fieldsOf(item), kind: ROUTES[body.type], length: blob.size, filename: body.file_name, filetype: blob.type };
    const headers = { ...TUS, "Content-Type": "application/json" };
    const request = await this.#ask(id, running, { method: "POST", path: UPLOADS, headers, body: JSON.stringify(fields) });
    const shown = parsed(request.responseText);
    if (request.status === 404 && shown?.code === "not_found") return false;
    if (!shown?.upload) throw refusalOf(request, shown);
    const { offset } = shown;
    running.hasMoved = offset > (this.#begun.get(id)?.offset ?? 0);
    running.sent = offset;
    this.#begun.set(id, { sent: offset, offset, total: blob.size, path: `${UPLOADS}${shown.upload}/` });
    this.emit("progress", id);
    return true;
  }

  async #sendRest({ client_id: id }, blob, running) {
    const { offset, path } = this.#begun.get(id) ?? {}; // it may have been stopped
    if (offset < blob.size) {
      const headers = { ...TUS, "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(offset) };
      const request = await this.#ask(id, running, { method: "PATCH", path, headers, body: blob.slice(offset), from: offset, isLast: true });
      if (request.status !== 204) throw this.#refusalOfPart(id, request);
    }
    const request = await this.#ask(id, running, { method: "GET", path, headers: TUS });
    const { message } = parsed(request.responseText) ?? {};
    if (request.status === 200 && message?.seq) return message;
    throw this.#refusalOfPart(id, request);
  }

  /** An upload that is gone, or that an earlier request has moved on, is asked for once more. */
  #refusalOfPart(id, request) {
    const shown = parsed(request.responseText);
    const isGone = request.status === 404 && !OF_THE_MESSAGE.has(shown?.code);
    if (isGone) this.#begun.delete(id);
    const isElsewhere = isGone || shown?.code === "conflict";
    return isElsewhere ? new LineBroken("the upload is not where it was") : refusalOf(request, shown);
  }

  /** Resolves with a request that was answered. `from`: where its body begins in the file; `isLast`: with it the server has all. */
  #ask(id, running, { method, path, headers = {}, body = null, from = 0, isLast = false }) {
    const { promise, resolve, reject } = withResolvers();
    const request = new this.#Request();
    let timer = null;
    const end = (error) => {
      clearTimeout(timer);
      running.end = () => {};
      if (!error) return resolve(request);
      request.onload = request.onerror = request.onabort = null;
      request.abort();
      reject(error);
    };
    const within = (ms) => {
      clearTimeout(timer);
      timer = setTimeout(() => running.stop(`nothing happened within ${ms} ms`), ms);
      timer.unref?.(); // under node, which would wait for it
    };
    running.end = () => end(running.ended);
    if (running.ended) {
      running.end();
      return promise;
    }
    request.open(method, path);
    request.setRequestHeader("Authorization", `Bearer ${this.#rest.token}`);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded }) => {
      within(STALLED_MS);
      if (!isLast) return;
      running.sent = Math.min(from + loaded, running.total ?? from + loaded);
      running.movedAt = performance.now();
      this.emit("progress", id);
    };
    request.upload.onload = () => {
      running.isWhole ||= isLast;
      within(ANSWER_WITHIN_MS);
    };
    request.onload = () => end(null);
    request.onerror = request.onabort = () => end(new LineBroken("the line broke"));
    within(STALLED_MS);
    request.send(body);
    return promise;
  }
}

function fieldsOf({ client_id: id, body }) {
  const fields = { contact: body.contact, group_id: body.group, chat: body.group ? undefined : body.chat, client_id: id, caption: body.caption, mentions: body.mentions && JSON.stringify(body.mentions), reply_to: body.reply_to };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null));
}

function formOf(item) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fieldsOf(item))) form.append(name, value);
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
