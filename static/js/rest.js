// Requests over HTTP: signing in, the address book, groups, photos. The socket carries everything that happens in chats.

import { gettext, language, refusalsKnown, refusalText } from "./language.js";
import { waitOf } from "./locale.js";

const CODES = { 403: "forbidden", 404: "not_found" }; // of refusals that name none

/** A refusal of the REST API, in words for people. `status` 0: the server was not reached. `retryAfterS`: when waiting so long may help. */
export class RestError extends Error {
  constructor(status, body, retryAfterS = null) {
    const problem = sentenceOf(status, body);
    super(retryAfterS ? gettext("{problem} Try again in {wait}.", { problem, wait: waitOf(retryAfterS) }) : problem);
    Object.assign(this, { name: "RestError", status, code: body?.code ?? null, body, retryAfterS });
  }

  /** Whether the refusal is about this field of what was sent. */
  isAbout(field) {
    return Array.isArray(this.body?.[field]);
  }
}

function sentenceOf(status, body) {
  if (status === 0) return gettext("The server cannot be reached. Is this device online?");
  const text = typeof body === "string" ? body : (body?.error ?? body?._error_message);
  if (text) return refusalText(body.code ?? body._error_type ?? CODES[status], text);
  const texts = Array.isArray(body) ? body : Object.values(body ?? {}).filter(Array.isArray).flat();
  return texts.length ? [...new Set(texts.map((each) => refusalText(CODES[status] ?? "malformed", each)))].join(" ") : gettext("The server refused this ({status}).", { status });
}

export class Rest {
  constructor(token = null) {
    this.token = token;
  }

  get(path) {
    return this.#fetch("GET", path);
  }

  post(path, body = {}) {
    return this.#fetch("POST", path, body);
  }

  patch(path, body) {
    return this.#fetch("PATCH", path, body);
  }

  put(path, body = {}) {
    return this.#fetch("PUT", path, body);
  }

  remove(path) {
    return this.#fetch("DELETE", path);
  }

  /** What an address holds, as a Blob; null when it holds nothing. */
  async picture(path) {
    const answer = await this.#send("GET", path);
    return answer.ok ? answer.blob() : null;
  }

  async #fetch(method, path, body) {
    const answer = await this.#send(method, path, body);
    const text = await answer.text();
    let shown = null;
    try {
      shown = text ? JSON.parse(text) : null;
    } catch {
      shown = null;
    }
    if (answer.ok) return shown;
    await refusalsKnown();
    throw new RestError(answer.status, shown, Number(answer.headers.get("Retry-After")) || null);
  }

  async #send(method, path, body) {
    const headers = { "Accept-Language": language, ...(this.token ? { Authorization: `Bearer ${this.token}` } : {}) }; // codes come in the words of the page
    const isForm = body instanceof FormData || body instanceof URLSearchParams;
    if (body !== undefined && !isForm) headers["Content-Type"] = "application/json";
    try {
      return await fetch(path, { method, headers, body: body === undefined || isForm ? body : JSON.stringify(body) });
    } catch {
      throw new RestError(0, null);
    }
  }
}
