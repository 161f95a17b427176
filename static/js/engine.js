// Engine.IO 4 and Socket.IO 5 over one WebSocket, in the part that Parley speaks: text packets, JSON, acknowledgements.
//
//   const line = new Line("wss://host/socket.io/", { onJoined, onRefused, onEvent, onClosed });
//   line.join("/chat", { token });
//   const answer = await line.ask("/chat", "history", { chat: 7 });     // rejects with LineBroken when no answer comes
//
// A packet is digits and text. Engine.IO's first digit: 0 open, 1 close, 2 ping, 3 pong, 4 message. A message holds Socket.IO's
// packet: 0 CONNECT, 1 DISCONNECT, 2 EVENT, 3 ACK, 4 CONNECT_ERROR; then `/namespace,`, the number to acknowledge, and JSON:
//
//   40/chat,{"token":"…"}        42/chat,17["history",{"chat":7}]        43/chat,17[{"ok":true,"entries":[…]}]
//
// A Line lives once: when it breaks, make another (connection.js does).

import { gettext } from "./language.js";

export const CONNECT = 0, DISCONNECT = 1, EVENT = 2, ACK = 3, CONNECT_ERROR = 4;
const OPEN = "0", CLOSE = "1", PING = "2", PONG = "3", MESSAGE = "4";
const ANSWER_WITHIN_MS = 15000;

/** The request may or may not have been carried out: ask again with the same client_id. */
export class LineBroken extends Error {
  /** `reason`: for developers. */
  constructor(reason) {
    super(gettext("The server cannot be reached. Is this device online?"));
    Object.assign(this, { name: "LineBroken", reason });
  }
}

/** The text of a Socket.IO packet. */
export function encode({ type, namespace = "/", id, data }) {
  const place = namespace === "/" ? "" : `${namespace},`;
  return `${type}${place}${id ?? ""}${data === undefined ? "" : JSON.stringify(data)}`;
}

/** The packet of a text; throws on what is none. */
export function decode(text) {
  const parts = /^([0-6])(?:(\/[^,[{]*)(?:,|$))?(\d+)?([^]*)$/.exec(text);
  if (!parts || parts[1] > "4") throw new SyntaxError("not a Socket.IO packet of ours");
  const [, type, namespace = "/", id, json] = parts;
  return {
    type: Number(type),
    namespace,
    id: id === undefined ? undefined : Number(id),
    data: json === "" ? undefined : JSON.parse(json),
  };
}

export class Line {
  #socket;
  #hooks;
  #waiting = new Map(); // id -> { resolve, reject, timer }
  #unsent = []; // packets from before the line was open
  #nextId = 0;
  #isOpen = false;
  #isOver = false;
  #silence; // the timer that notices a dead line
  #silenceMs = 45000;

  constructor(url, hooks, Socket = WebSocket) {
    this.#hooks = hooks;
    this.#socket = new Socket(`${url}?EIO=4&transport=websocket`);
    this.#socket.onmessage = (message) => this.#hear(message.data);
    this.#socket.onclose = (close) => this.#end(close.reason || `closed (${close.code})`);
    this.#socket.onerror = () => this.#end("the server cannot be reached");
    this.#listen();
  }

  join(namespace, credentials) {
    this.#send(encode({ type: CONNECT, namespace, data: credentials }));
  }

  /** The acknowledgement of one request, whatever it says. */
  ask(namespace, name, body = {}, withinMs = ANSWER_WITHIN_MS) {
    if (this.#isOver) return Promise.reject(new LineBroken("the line is closed"));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new LineBroken(`no answer to ${name} within ${withinMs} ms`));
      }, withinMs);
      this.#waiting.set(id, { resolve, reject, timer });
      this.#send(encode({ type: EVENT, namespace, id, data: [name, body] }));
    });
  }

  close(reason = "closed here") {
    if (this.#isOver) return;
    this.#end(reason);
    this.#socket.close();
  }

  #send(packet) {
    if (this.#isOpen) this.#socket.send(MESSAGE + packet);
    else this.#unsent.push(packet);
  }

  #hear(text) {
    if (this.#isOver || typeof text !== "string") return;
    this.#listen();
    const kind = text[0];
    if (kind === MESSAGE) this.#read(decode(text.slice(1)));
    else if (kind === PING) this.#socket.send(PONG);
    else if (kind === CLOSE) this.close("closed by the server");
    else if (kind === OPEN) {
      const { pingInterval, pingTimeout } = JSON.parse(text.slice(1));
      this.#silenceMs = pingInterval + pingTimeout;
      this.#listen();
      this.#isOpen = true;
      for (const packet of this.#unsent.splice(0)) this.#send(packet);
    }
  }

  #read({ type, namespace, id, data }) {
    if (type === EVENT) this.#hooks.onEvent(namespace, data[0], data[1]);
    else if (type === ACK) this.#settle(id, data[0]);
    else if (type === CONNECT) this.#hooks.onJoined(namespace);
    else if (type === CONNECT_ERROR) this.#hooks.onRefused(namespace, data);
    else this.close("sent away by the server");
  }

  #settle(id, answer) {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    clearTimeout(waiting.timer);
    this.#waiting.delete(id);
    waiting.resolve(answer);
  }

  #listen() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.close("the server fell silent"), this.#silenceMs);
  }

  #end(reason) {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#silence);
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(new LineBroken(reason));
    }
    this.#waiting.clear();
    this.#hooks.onClosed(reason);
  }
}
