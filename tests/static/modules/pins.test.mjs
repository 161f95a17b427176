// Which messages are pinned: as the log says it, from the server where that is not known, on the disk, and never one that is gone.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Chat } from "../../../static/js/chat.js";
import { Emitter } from "../../../static/js/emitter.js";
import { merged } from "../../../static/js/kept.js";
import { isUnknown, learnPins, mayPin, pinnedIn } from "../../../static/js/pins.js";

const ME = 1;
const AT = "2026-01-01T00:00:00.000Z";
const SIZES = { entries: 2, chars: 32000 };
const message = (seq, more = {}) => ({ kind: "message", chat: 7, seq, sender: 2, from: "2", type: "t", text: `m${seq}`, sent_at: AT, client_id: `c${seq}`, ...more });
const change = (kind, seq, more = {}) => ({ kind, chat: 7, seq, account: 2, from: "2", client_id: `c${seq}`, at: AT, ...more });
const pin = (seq, of, pinned = true) => change("pin", seq, { of, pinned });
const texts = (chat) => pinnedIn(chat).map((each) => each?.text);
const state = { kind: "direct", status: "delta", marks: [], hidden: [] };

/** A chat of which all is loaded, and known that nothing is pinned; then it hears these. */
function chatOf(...entries) {
  const chat = new Chat(7, ME);
  chat.isLoaded = true;
  chat.pins = [];
  for (const entry of entries) assert.equal(chat.hear(entry), "applied");
  return chat;
}

/** A client whose server answers with these messages, once `meanwhile` has happened. */
function clientOf(chat, messages, meanwhile = () => {}) {
  const client = new Emitter();
  client.me = ME;
  client.people = { meet() {} };
  client.ask = async (namespace, name, body) => {
    assert.deepEqual([namespace, name, body], ["/chat", "pinned", { chat: 7 }]);
    meanwhile((entry) => {
      chat.hear(entry);
      client.emit("news", { chat, entries: [entry] });
    });
    return { chat: 7, messages: messages.map(({ kind, ...rest }) => rest) };
  };
  return client;
}

test("the last pinned one comes first, as it reads now, and none that is unpinned, deleted, hidden, cleared or over", () => {
  const end = "2026-01-01T00:01:00.000Z";
  const chat = chatOf(message(1), message(2), message(3, { expires_at: end }), message(4), message(5), pin(6, 1), pin(7, 2), pin(8, 3), pin(9, 4), pin(10, 5));
  assert.deepEqual(texts(chat), ["m5", "m4", "m3", "m2", "m1"]);
  chat.hear(pin(11, 2));
  chat.hear(change("edit", 12, { of: 2, text: "changed", edited_at: AT }));
  chat.hear(pin(13, 5, false));
  assert.deepEqual(texts(chat), ["changed", "m4", "m3", "m1"]);
  chat.hear(change("deletion", 14, { of: 2, scope: "all" }));
  chat.hide(4);
  assert.deepEqual(texts(chat), ["m3", "m1"]);
  chat.expire(Date.parse(end));
  assert.deepEqual(texts(chat), ["m1"]);
  chat.clear(1);
  assert.deepEqual(texts(chat), []);
});

test("what a client missed it learns by sync; of a log that begins anew the server is asked", () => {
  const chat = chatOf(message(1), message(2), pin(3, 1));
  chat.catchUp({ ...state, entries: [pin(4, 2), pin(5, 1, false)], cursor: 5, last_seq: 5 });
  assert.deepEqual([texts(chat), isUnknown(chat)], [["m2"], false]);
  chat.catchUp({ ...state, status: "reset", entries: [message(90)], cursor: 90, last_seq: 90 });
  assert.deepEqual([texts(chat), isUnknown(chat)], [[], true]);
  const back = chatOf(message(1), pin(2, 1), change("left", 3, { left: ME, number: "1" }));
  assert.deepEqual(texts(back), [], "none for somebody who left");
  back.hear(change("joined", 4, { accounts: [ME], numbers: ["1"], admins: [] }));
  assert.equal(isUnknown(back), true, "what was pinned meanwhile is not in this log");
});

test("the server is asked for what is not loaded, and what is heard meanwhile is newer than its answer", async () => {
  const chat = new Chat(7, ME);
  chat.readHead({ kind: "direct", last_seq: 50, read: 0, delivered: 0, last_at: AT });
  assert.equal(isUnknown(chat), true);
  const client = clientOf(chat, [message(20), message(10), message(30)], (hear) => {
    hear(change("edit", 51, { of: 20, text: "changed", edited_at: AT }));
    hear(pin(52, 10, false));
    hear(change("deletion", 53, { of: 30, scope: "all" }));
    hear(pin(54, 40));
  });
  await learnPins(client, chat);
  assert.deepEqual([texts(chat), isUnknown(chat)], [[undefined, "changed"], true], "40 is not loaded: it is asked for");
  await learnPins(clientOf(chat, [message(40), message(20, { text: "changed" })]), chat);
  assert.deepEqual([texts(chat), isUnknown(chat)], [["m40", "changed"], false]);
});

test("they are kept with their words where they are older than what is kept of the log, and gone there when they are gone", () => {
  const chat = chatOf(message(1), message(2), message(3), pin(4, 1), pin(5, 2), message(6), message(7));
  const row = JSON.parse(JSON.stringify(chat.toKeep(SIZES)));
  assert.deepEqual([row.first, row.pins, row.pinned.map(({ text }) => text)], [6, [2, 1], ["m2", "m1"]]);
  const later = new Chat(7, ME);
  later.restore(row);
  assert.deepEqual([texts(later), isUnknown(later), later.log.at(3)], [["m2", "m1"], false, undefined]);
  later.hear(change("deletion", 8, { of: 2, scope: "all" }));
  assert.ok(!JSON.stringify(later.toKeep(SIZES)).includes("m2"));
  later.clear(2);
  assert.deepEqual(merged(later.toKeep(SIZES), { ...row, cursor: 9 }).pinned, []);
});

test("of long messages only as many are kept as there is room for", () => {
  const long = "x".repeat(3000);
  const chat = chatOf(message(1, { text: long }), message(2, { text: long }), message(3, { text: long }), pin(4, 1), pin(5, 2), pin(6, 3), message(7), message(8));
  const row = chat.toKeep(SIZES);
  assert.deepEqual([row.pins, row.pinned.map(({ seq }) => seq)], [[3, 2, 1], [3, 2]]);
});

test("in a group admins pin, or all where it says so; in the chat of an event its owner", async () => {
  const client = { me: ME, session: { number: "1" }, rest: { get: async () => ({ admins: ["2"] }) } };
  const may = (more) => mayPin(client, Object.assign(new Chat(7, ME), more));
  assert.deepEqual(await Promise.all([{ kind: "direct" }, { kind: "self" }, { kind: "group", pinners: "admins" }, { kind: "group", pinners: "all" }, { kind: "event", owner: 2 }, { kind: "event", owner: ME }].map(may)), [true, true, false, true, false, true]);
});
