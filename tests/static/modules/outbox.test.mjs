// The outbox: kept before it is sent, one id for ever, in order through every break.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Refused } from "../../../static/js/connection.js";
import { LineBroken } from "../../../static/js/engine.js";
import { newClientId, Outbox } from "../../../static/js/outbox.js";
import { Memory } from "../../../static/js/store.js";
import { longWaits } from "./waits.mjs";

const item = (text, lane = "contact:2") => ({ lane, event: "message_send", body: { contact: "2", text } });

/** A server that stores each client id once, and may lose its answers. */
class PlayedServer {
  stored = new Map();
  asked = [];
  mood = () => "answers";

  ask = async (event, body) => {
    this.asked.push(body.text);
    await null;
    const mood = this.mood(body);
    if (mood === "refuses") throw new Refused({ code: "not_a_contact", message: "Not a contact.", retryable: false });
    if (mood === "is busy") throw new Refused({ code: "rate_limited", message: "Later.", retryable: true, retry_after_ms: 1 });
    if (mood === "is gone") throw new LineBroken("gone");
    if (!this.stored.has(body.client_id)) this.stored.set(body.client_id, { chat: 7, seq: this.stored.size + 1, text: body.text });
    if (mood === "loses its answer") throw new LineBroken("lost");
    return { message: this.stored.get(body.client_id) };
  };

  get texts() {
    return [...this.stored.values()].map((message) => message.text);
  }
}

const until = async (condition) => {
  while (!condition()) await new Promise((done) => setTimeout(done, 1));
};

test("nothing is sent before it is kept", async () => {
  const server = new PlayedServer();
  const table = new Memory("client_id");
  let finish;
  table.put = () => new Promise((done) => (finish = done));
  const outbox = new Outbox({ table, ask: server.ask });
  outbox.resume();
  const added = outbox.add(item("a"));
  await new Promise((done) => setTimeout(done, 5));
  assert.deepEqual(server.asked, []);
  finish();
  await added;
  await until(() => server.asked.length === 1);
});

test("an answer that was lost leads to the same id again, and to one message", async (t) => {
  const server = new PlayedServer();
  const lost = new Set();
  server.mood = ({ text }) => (lost.has(text) ? "answers" : (lost.add(text), "loses its answer"));
  const outbox = new Outbox({ table: new Memory("client_id"), ask: server.ask });
  outbox.resume();
  const waited = longWaits(t);
  for (const text of ["a", "b", "c"]) await outbox.add(item(text));
  for (let round = 0; round < 3; round++) {
    await until(() => server.asked.length >= 2 * round + 1);
    outbox.pause();
    outbox.resume(); // the connection is back: nobody waits for a timer
    await until(() => server.asked.length >= 2 * round + 2);
  }
  await until(() => [...outbox.items.values()].every((one) => one.stored));
  assert.deepEqual(waited, []);
  assert.deepEqual(server.texts, ["a", "b", "c"]);
});

test("what an earlier visit left is sent first, in its order", async () => {
  const table = new Memory("client_id");
  const before = new Outbox({ table, ask: async () => {} });
  for (const text of ["a", "b", "c"]) await before.add(item(text));
  const server = new PlayedServer();
  const outbox = new Outbox({ table, ask: server.ask });
  await outbox.open();
  await outbox.add(item("d"));
  outbox.resume();
  await until(() => server.texts.length === 4);
  assert.deepEqual(server.texts, ["a", "b", "c", "d"]);
  for (const id of [...outbox.items.keys()]) await outbox.settle(id);
  assert.deepEqual(await table.list(), []);
});

test("a busy server is asked again before the next message goes", async () => {
  const server = new PlayedServer();
  let busy = 3;
  server.mood = ({ text }) => (text === "a" && busy-- > 0 ? "is busy" : "answers");
  const outbox = new Outbox({ table: new Memory("client_id"), ask: server.ask });
  outbox.resume();
  await Promise.all([outbox.add(item("a")), outbox.add(item("b"))]);
  for (let round = 0; round < 5; round++) {
    await until(() => server.asked.length > round || server.texts.length === 2);
    outbox.pause();
    outbox.resume();
  }
  await until(() => server.texts.length === 2);
  assert.deepEqual(server.asked, ["a", "a", "a", "a", "b"]);
});

test("lanes do not wait for each other", async () => {
  const server = new PlayedServer();
  server.mood = ({ text }) => (text === "a" ? "is gone" : "answers");
  const outbox = new Outbox({ table: new Memory("client_id"), ask: server.ask });
  outbox.resume();
  await Promise.all([outbox.add(item("a", "chat:1")), outbox.add(item("b", "chat:2"))]);
  await until(() => server.texts.length === 1);
  assert.deepEqual(server.texts, ["b"]);
  outbox.pause();
});

test("a refusal stays, says why, holds nobody back, and can be tried again or dropped", async () => {
  const server = new PlayedServer();
  server.mood = ({ text }) => (text === "a" ? "refuses" : "answers");
  const table = new Memory("client_id");
  const outbox = new Outbox({ table, ask: server.ask });
  outbox.resume();
  const refused = await outbox.add(item("a"));
  await outbox.add(item("b"));
  await until(() => server.texts.length === 1);
  assert.equal(refused.failed.code, "not_a_contact");
  assert.equal((await table.list()).find((row) => row.client_id === refused.client_id).failed.code, "not_a_contact");
  server.mood = () => "answers";
  await outbox.retry(refused.client_id);
  await until(() => server.texts.length === 2);
  assert.equal(refused.failed, null);
});

test("what waits can be changed and taken back", async () => {
  const server = new PlayedServer();
  const table = new Memory("client_id");
  const outbox = new Outbox({ table, ask: server.ask });
  const [a, b] = [await outbox.add(item("a")), await outbox.add(item("b"))];
  await outbox.add(item("c"));
  assert.equal(await outbox.change(a.client_id, { ...a.body, text: "A" }), true);
  assert.equal(await outbox.takeBack(b.client_id), true);
  assert.deepEqual((await table.list()).map(({ body }) => body.text), ["A", "c"]);
  outbox.resume();
  await until(() => server.texts.length === 2);
  assert.deepEqual(server.asked, ["A", "c"]);
});

test("what may have been sent stays as it is, also after its answer was lost and in a later visit", async () => {
  const server = new PlayedServer();
  server.mood = () => "loses its answer";
  const table = new Memory("client_id");
  const outbox = new Outbox({ table, ask: server.ask });
  const waited = await outbox.add(item("a", "chat:1"));
  outbox.resume();
  const sent = await outbox.add(item("b", "chat:2"));
  await until(() => server.texts.length === 2);
  outbox.pause();
  const later = new Outbox({ table, ask: server.ask });
  await later.open();
  for (const box of [outbox, later]) {
    for (const { client_id: id, body } of [waited, sent]) {
      assert.equal(await box.change(id, { ...body, text: "another" }), false);
      assert.equal(await box.takeBack(id), false);
      assert.equal(box.items.get(id).body.text, body.text);
    }
  }
  server.mood = () => "answers";
  later.resume();
  await until(() => [...later.items.values()].every((one) => one.stored));
  assert.deepEqual(server.texts.sort(), ["a", "b"]);
});

test("a window sends what another one made of an item, and nothing of what that took back", async () => {
  const server = new PlayedServer();
  const table = new Memory("client_id");
  const here = new Outbox({ table, ask: server.ask });
  const [a, b] = [await here.add(item("a")), await here.add(item("b"))];
  const there = new Outbox({ table, ask: server.ask });
  await there.open();
  await here.change(a.client_id, { ...a.body, text: "A" });
  await here.takeBack(b.client_id);
  await there.add(item("c"));
  there.resume();
  await until(() => server.texts.length === 2);
  assert.deepEqual(server.texts, ["A", "c"]);
  assert.equal(await here.change(a.client_id, { ...a.body, text: "late" }), false);
});

test("what a former version of this page kept may have been sent", async () => {
  const table = new Memory("client_id");
  await table.put({ client_id: "1", lane: "chat:1", event: "message_send", body: { text: "a" }, order: 1, stored: null, failed: null });
  const outbox = new Outbox({ table, ask: async () => {} });
  await outbox.open();
  assert.equal(await outbox.takeBack("1"), false);
});

test("ids are made without a secure context", () => {
  const ids = new Set(Array.from({ length: 1000 }, newClientId));
  assert.equal(ids.size, 1000);
  for (const id of ids) assert.match(id, /^[0-9a-f]{32}$/);
});

test("what is refused and can be mended goes in its turn, mended, also on the disk", async () => {
  const server = new PlayedServer();
  const table = new Memory("client_id");
  server.mood = ({ mentions }) => (mentions ? "refuses" : "answers");
  const mend = ({ body }, { code }) => (code === "not_a_contact" && body.mentions ? { ...body, mentions: undefined } : null);
  const outbox = new Outbox({ table, ask: server.ask, mend });
  const { event, lane, body } = item("a");
  await outbox.add({ event, lane, body: { ...body, mentions: [{ number: "3", offset: 0, length: 1 }] } });
  await outbox.add(item("b"));
  outbox.resume();
  await until(() => [...outbox.items.values()].every((one) => one.stored));
  assert.deepEqual(server.asked, ["a", "a", "b"]);
  assert.equal((await table.list())[0].body.mentions, undefined);
});
