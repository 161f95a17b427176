// The packets of Engine.IO and Socket.IO, and a line over a socket that the test plays.

import assert from "node:assert/strict";
import { test } from "node:test";

import { waitBefore } from "../../../static/js/connection.js";
import { ACK, CONNECT, CONNECT_ERROR, decode, DISCONNECT, encode, EVENT, Line } from "../../../static/js/engine.js";

class PlayedSocket {
  sent = [];
  constructor(url) {
    this.url = url;
    PlayedSocket.last = this;
  }
  send(text) {
    this.sent.push(text);
  }
  close() {
    this.isClosed = true;
  }
  say(text) {
    this.onmessage({ data: text });
  }
}

function open() {
  const heard = [];
  const line = new Line("ws://host/socket.io/", {
    onJoined: (namespace) => heard.push(["joined", namespace]),
    onRefused: (namespace, error) => heard.push(["refused", namespace, error]),
    onEvent: (namespace, name, body) => heard.push(["event", namespace, name, body]),
    onClosed: (reason) => heard.push(["closed", reason]),
  }, PlayedSocket);
  const socket = PlayedSocket.last;
  return { line, socket, heard };
}

test("packets say what the specification says", () => {
  const packets = [
    [{ type: CONNECT, namespace: "/chat", id: undefined, data: { token: "t" } }, '0/chat,{"token":"t"}'],
    [{ type: EVENT, namespace: "/chat", id: 17, data: ["history", { chat: 7 }] }, '2/chat,17["history",{"chat":7}]'],
    [{ type: ACK, namespace: "/", id: 3, data: [{ ok: true }] }, '33[{"ok":true}]'],
    [{ type: EVENT, namespace: "/", id: undefined, data: ["a,b{", "/x,"] }, '2["a,b{","/x,"]'],
    [{ type: DISCONNECT, namespace: "/typing", id: undefined, data: undefined }, "1/typing,"],
    [{ type: CONNECT_ERROR, namespace: "/chat", id: undefined, data: { message: "no" } }, '4/chat,{"message":"no"}'],
  ];
  for (const [packet, text] of packets) {
    assert.equal(encode(packet), text);
    assert.deepEqual(decode(text), packet);
  }
  assert.deepEqual(decode("0/chat").namespace, "/chat");
  for (const text of ["", "x", "51-[]", "2/chat,{", "9"]) assert.throws(() => decode(text));
});

test("a request waits for the line, and its answer finds it", async () => {
  const { line, socket, heard } = open();
  assert.equal(socket.url, "ws://host/socket.io/?EIO=4&transport=websocket");
  line.join("/chat", { token: "t" });
  const answers = Promise.all([line.ask("/chat", "a", {}), line.ask("/chat", "b", {})]);
  assert.deepEqual(socket.sent, []);
  socket.say('0{"sid":"s","pingInterval":25000,"pingTimeout":20000}');
  assert.deepEqual(socket.sent, ['40/chat,{"token":"t"}', '42/chat,0["a",{}]', '42/chat,1["b",{}]']);
  socket.say("2");
  assert.equal(socket.sent.at(-1), "3");
  socket.say('40/chat,{"sid":"n"}');
  socket.say('43/chat,1["second"]');
  socket.say('43/chat,0["first"]');
  assert.deepEqual(await answers, ["first", "second"]);
  socket.say('42/chat,["ready",{"chats":[]}]');
  assert.deepEqual(heard, [["joined", "/chat"], ["event", "/chat", "ready", { chats: [] }]]);
  line.close();
});

test("a broken line breaks what waits, once", async () => {
  const { line, socket, heard } = open();
  socket.say('0{"sid":"s","pingInterval":25000,"pingTimeout":20000}');
  const answer = line.ask("/chat", "a", {});
  socket.onclose({ code: 1006, reason: "" });
  socket.onerror();
  await assert.rejects(answer, { name: "LineBroken" });
  await assert.rejects(line.ask("/chat", "b", {}), { name: "LineBroken" });
  assert.deepEqual(heard, [["closed", "closed (1006)"]]);
});

test("a silent server is noticed, and a silent request too", async () => {
  const { line, socket, heard } = open();
  socket.say('0{"sid":"s","pingInterval":20,"pingTimeout":10}');
  await assert.rejects(line.ask("/chat", "a", {}, 5), { reason: /no answer to a/ });
  await new Promise((done) => setTimeout(done, 60));
  assert.deepEqual(heard, [["closed", "the server fell silent"]]);
  assert.ok(socket.isClosed);
});

test("tries are spread and bounded", () => {
  assert.equal(waitBefore(0, 0), 200);
  assert.equal(waitBefore(0, 1), 400);
  assert.equal(waitBefore(50, 1), 15000);
});
