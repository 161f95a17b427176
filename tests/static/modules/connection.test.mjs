// A line that is refused for now comes back when the server says, and not before.

import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { Connection } from "../../../static/js/connection.js";

class PlayedSocket {
  static made = [];
  constructor() {
    PlayedSocket.made.push(this);
  }
  send() {}
  close() {}
  say(text) {
    this.onmessage({ data: text });
  }
}

function refuse(data) {
  const socket = PlayedSocket.made.at(-1);
  socket.say('0{"sid":"s","pingInterval":25000,"pingTimeout":20000}');
  socket.say(`44/chat,${JSON.stringify({ message: "Many people come back at once.", data })}`);
}

test("who is put off comes back at the time it was told", (context) => {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  context.after(() => mock.timers.reset());
  globalThis.WebSocket = PlayedSocket;
  const connection = new Connection({ url: "ws://host/socket.io/", token: "t" });
  connection.start();
  refuse({ code: "unavailable", retryable: true, retry_after_ms: 30_000 });
  assert.equal(connection.state, "offline");
  assert.equal(connection.nextTryAt, Date.now() + 30_000);
  mock.timers.tick(29_999);
  assert.equal(PlayedSocket.made.length, 1);
  mock.timers.tick(1);
  assert.equal(PlayedSocket.made.length, 2);
  refuse({ code: "unavailable", retryable: true }); // the time belonged to that one refusal
  mock.timers.tick(29_000);
  assert.equal(PlayedSocket.made.length, 3);
  connection.stop();
});
