// Which messages have a star: as the server says it, and as it was heard since then, whatever answer comes late.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Emitter } from "../../../static/js/emitter.js";
import { starsOf } from "../../../static/js/stars.js";

/** A client whose answers to `starred` a test gives one by one: `asked` holds {give(messages), fail()}. */
function clientOf() {
  const client = new Emitter();
  client.asked = [];
  client.ask = () => new Promise((resolve, reject) => client.asked.push({ give: async (...seqs) => (resolve({ messages: seqs.map((seq) => ({ chat: 7, seq })), next: null }), settle()), fail: async () => (reject(new Error("no line")), settle()) }));
  client.hear = (seq, starred) => client.emit("news", { entries: [{ kind: "star", of_chat: 7, of_seq: seq, starred }] });
  return client;
}

const settle = () => new Promise((resolve) => setTimeout(resolve));
const starred = (stars) => [1, 2, 3].filter((seq) => stars.has(7, seq));

test("what is heard while they are read is newer than the answer", async () => {
  const client = clientOf();
  const stars = starsOf(client);
  stars.load();
  client.hear(1, false);
  client.hear(2, true);
  await client.asked[0].give(1, 3);
  assert.deepEqual([starred(stars), stars.isLoaded], [[2, 3], true]);
});

test("with a new connection they are read anew, and an answer of before that comes late says nothing", async () => {
  const client = clientOf();
  const stars = starsOf(client);
  client.emit("state", "online");
  assert.equal(client.asked.length, 0, "nobody wants them yet");
  stars.load();
  client.hear(2, true);
  client.emit("state", "online");
  await client.asked[1].give(1, 2);
  await client.asked[0].give(3);
  assert.deepEqual(starred(stars), [1, 2]);
  client.emit("state", "online");
  await client.asked[2].fail();
  assert.deepEqual(starred(stars), [1, 2]);
  client.emit("state", "online");
  await client.asked[3].give(1);
  assert.deepEqual(starred(stars), [1]);
});
