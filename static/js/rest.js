// Requests over HTTP: signing in, the address book, groups, photos. The socket carries everything that happens in chats.

/** A refusal of the REST API, in words for people. `status` 0: the server was not reached. */
export class RestError extends Error {
  constructor(status, body) {
    super(sentenceOf(status, body));
    Object.assign(this, { name: "RestError", status, code: body?.code ?? null, body });
  }

  /** Whether the refusal is about this field of what was sent. */
  isAbout(field) {
    return Array.isArray(this.body?.[field]);
  }
}

function sentenceOf(status, body) {
  if (status === 0) return "The server cannot be reached. Is this device online?";
  if (typeof body === "string") return body;
  if (Array.isArray(body)) return body.join(" ");
  const text = body?.error ?? body?._error_message;
  if (text) return text;
  const fields = Object.values(body ?? {}).filter(Array.isArray).flat();
  return fields.length ? fields.join(" ") : `The server refused this (${status}).`;
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
    if (!answer.ok) throw new RestError(answer.status, shown);
    return shown;
  }

  async #send(method, path, body) {
    const headers = this.token ? { Authorization: `Bearer ${this.token}` } : {};
    const isForm = body instanceof FormData || body instanceof URLSearchParams;
    if (body !== undefined && !isForm) headers["Content-Type"] = "application/json";
    try {
      return await fetch(path, { method, headers, body: body === undefined || isForm ? body : JSON.stringify(body) });
    } catch {
      throw new RestError(0, null);
    }
  }
}
