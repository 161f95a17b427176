// What is kept of a chat: its end without a hole, bounded, the same after it was read back, and never what was taken away.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Chat } from "../../../static/js/chat.js";
import { Emitter } from "../../../static/js/emitter.js";
import { ENTRIES_MAX, ENTRIES_MAX_CHARS, Kept, merged } from "../../../static/js/kept.js";

const ME = 1;
const message = (seq, text = `m${seq}`, more = {}) => ({ kind: "message", chat: 7, seq, sender: 2, from: "2", type: "t", text, sent_at: `2026-01-01T00:00:00.${String(seq % 1000).padStart(3, "0")}Z`, client_id: `c${seq}`, ...more });
const reaction = (seq, of) => ({ kind: "reaction", chat: 7, seq, of, emoji: "👍", account: 3, from: "3" });
const state = (status, entries, cursor, more = {}) => ({ chat: 7, kind: "direct", title: "2", contact: "2", status, entries, cursor, last_seq: cursor, marks: [{ account: ME, delivered: 0, read: 0 }, { account: 2, delivered: cursor, read: cursor }], unread: 0, is_member: true, ...more });
const ROOM = { entries: ENTRIES_MAX, chars: ENTRIES_MAX_CHARS };

function chatOf(entries, cursor = entries.at(-1).seq, id = 7) {
  const chat = new Chat(id, ME);
  chat.catchUp(state("reset", entries, cursor));
  return chat;
}

function restored(row) {
  const chat = new Chat(row.id, ME);
  chat.restore(structuredClone(row));
  return chat;
}

/** The tables, in memory: rows are copied as on a disk, and a write is one step. */
class PlayedTables {
  rows = new Map();
  facts = new Map();
  writes = 0;
  isOurs = true;
  fault = null;

  async read() {
    return { chats: structuredClone([...this.rows.values()]), facts: structuredClone(this.facts) };
  }

  async write(work) {
    if (this.fault) throw this.fault;
    if (!this.isOurs) return false;
    this.writes += 1;
    const answer = (result) => ({ set onsuccess(hear) { hear({ target: { result } }); } });
    const table = (map, key) => ({ get: (id) => answer(map.get(id)), put: (row) => map.set(row[key], structuredClone(row)), delete: (id) => map.delete(id) });
    work(table(this.rows, "id"), table(this.facts, "name"));
    return true;
  }

  async clear() {
    this.rows.clear();
    this.facts.clear();
  }
}

async function keeping(tables, chats = []) {
  const client = Object.assign(new Emitter(), {
    people: { revision: 0, toKeep: () => ({ contacts: [] }), restore: (people) => (client.restoredPeople = people) },
    receipts: { told: new Map(), untold: (id) => client.receipts.told.get(id) ?? 0, restore: (id, read) => client.receipts.told.set(id, read) },
    chats: new Map(chats.map((chat) => [chat.id, chat])),
  });
  const sync = Object.assign(new Emitter(), { restore: (rows, isWhole) => (sync.restored = { rows, isWhole }), loadEnds: async () => {} });
  const kept = new Kept({ tables, client, sync });
  await kept.open();
  return { client, sync, kept };
}

test("a chat is the same after it was read back", () => {
  const chat = chatOf([message(1), message(2), reaction(3, 1), message(4, "mine", { sender: ME })]);
  const again = restored(chat.toKeep(ROOM));
  for (let seq = 0; seq <= 5; seq++) assert.deepEqual(again.log.at(seq), chat.log.at(seq));
  assert.deepEqual([again.log.cursor, again.title, again.contact, again.last.text, again.lastAt, again.isLoaded], [4, "2", "2", "mine", chat.lastAt, true]);
  assert.equal(again.progress(4), "read");
  assert.equal(again.hear(message(5)), "applied");
  assert.equal(again.hear(message(7)), "gap");
});

test("only the end without a hole is kept", () => {
  const chat = chatOf([message(90), message(91)]);
  chat.log.ask();
  chat.log.take({ entries: [message(10), message(11)], next: 11, last_seq: 91 }, 9); // somebody looked at the past
  const row = chat.toKeep(ROOM);
  assert.deepEqual([row.first, row.entries.map(({ seq }) => seq)], [90, [90, 91]]);
  const again = restored(row);
  assert.deepEqual([again.log.at(89), again.log.at(10)], [undefined, undefined]);
});

test("no more is kept than the bounds say, in entries and in characters", () => {
  const many = chatOf(Array.from({ length: 200 }, (_, place) => message(place + 1)));
  assert.deepEqual([many.toKeep(ROOM).entries.length, many.toKeep(ROOM).first], [ENTRIES_MAX, 201 - ENTRIES_MAX]);
  const long = chatOf(Array.from({ length: 20 }, (_, place) => message(place + 1, "x".repeat(10000))));
  const row = long.toKeep(ROOM);
  assert.equal(row.entries.length, 3);
  assert.ok(JSON.stringify(row.entries).length < ENTRIES_MAX_CHARS + 100);
  const card = chatOf([message(1), message(2, undefined, { type: "c", vcard: "x".repeat(160000), name: "Ada" })]);
  const brief = card.toKeep(ROOM);
  assert.deepEqual([brief.entries, brief.first, brief.last.name, brief.last.vcard], [[], 3, "Ada", undefined]);
  assert.ok(JSON.stringify(brief).length < 1000);
});

test("what was hidden for oneself is not kept, and not the last message of the list either", () => {
  const chat = chatOf([message(1), message(2, "a secret")]);
  chat.hide(2);
  const row = chat.toKeep(ROOM);
  assert.ok(!JSON.stringify(row).includes("a secret"));
  const again = restored(row);
  assert.deepEqual([again.last.text, again.log.at(2)], ["m1", null]);
});

test("the window that came further is believed, and what one of them hid stays hidden", () => {
  const behind = chatOf([message(1), message(2)]);
  const ahead = chatOf([message(1), message(2), message(3)]);
  behind.hide(2);
  for (const row of [merged(behind.toKeep(ROOM), ahead.toKeep(ROOM)), merged(ahead.toKeep(ROOM), behind.toKeep(ROOM))]) {
    assert.deepEqual([row.cursor, row.entries.map(({ seq }) => seq), row.hidden], [3, [1, 3], [2]]);
  }
});

test("marks of two windows only move forward, and nobody who left is kept", () => {
  const [one, other] = [chatOf([message(1), message(2)]), chatOf([message(1), message(2), message(3)])];
  one.moveMark(ME, 2, 2);
  one.moveMark(9, 1, 1); // who has left since
  const { marks } = merged(one.toKeep(ROOM), other.toKeep(ROOM));
  assert.deepEqual(marks, [[ME, 2, 2], [2, 3, 3]]);
});

test("a log that the server set back to a copy replaces the one that was kept", () => {
  const kept = chatOf([message(1), message(2), message(3)]).toKeep(ROOM);
  const chat = restored(kept);
  chat.catchUp(state("reset", [message(1, "other")], 1));
  const row = merged(kept, chat.toKeep(ROOM));
  assert.deepEqual([row.cursor, row.entries.map(({ text }) => text)], [1, ["other"]]);
});

test("many changes are few writes, and nothing is written that says the same", async () => {
  const tables = new PlayedTables();
  const chats = Array.from({ length: 150 }, (_, id) => chatOf([message(1)], 1, id + 1));
  const { client, kept } = await keeping(tables, chats);
  client.emit("chats");
  await kept.flush();
  assert.deepEqual([tables.rows.size, tables.writes, tables.facts.has("whole")], [150, 2, true]);
  for (let seq = 2; seq <= 100; seq++) {
    chats[0].hear(message(seq));
    client.emit("chat", chats[0]);
  }
  await kept.flush();
  assert.deepEqual([tables.rows.get(1).cursor, tables.writes], [100, 3]);
  client.emit("chat", chats[0]); // as somebody types
  await kept.flush();
  assert.equal(tables.writes, 3);
  const again = await keeping(tables, []);
  assert.deepEqual([again.sync.restored.rows.length, again.sync.restored.isWhole], [150, true]);
});

test("of the chats that have not moved for longest no entries are kept", async () => {
  const tables = new PlayedTables();
  const chats = Array.from({ length: 230 }, (_, id) => chatOf([message(id + 1)], id + 1, id + 1));
  const { client, kept } = await keeping(tables, chats);
  client.emit("chats");
  await kept.flush();
  const without = [...tables.rows.values()].filter(({ entries }) => !entries.length).map(({ id }) => id);
  assert.deepEqual(without.sort((one, other) => one - other), Array.from({ length: 30 }, (_, id) => id + 1));
});

test("a chat that one is out of, or that does not exist, leaves the disk at once", async () => {
  const tables = new PlayedTables();
  const chats = [chatOf([message(1)], 1, 1), chatOf([message(1)], 1, 2)];
  const { client, sync, kept } = await keeping(tables, chats);
  client.emit("chats");
  await kept.flush();
  const left = { kind: "left", chat: 1, seq: 2, left: ME, number: "1", account: 2, from: "2", at: "2026-01-01T00:00:02.000Z" };
  chats[0].hear(left);
  sync.emit("entries", { chat: chats[0], entries: [left] });
  await null;
  assert.deepEqual([...tables.rows.keys()], [2]);
  await kept.flush();
  sync.emit("gone", 2);
  await null;
  assert.equal(tables.rows.size, 0);
});

test("how far somebody has read is told after a restart, if it was not before", async () => {
  const tables = new PlayedTables();
  const chat = chatOf([message(1), message(2)], 2, 1);
  const first = await keeping(tables, [chat]);
  first.client.receipts.told.set(1, 2);
  first.client.emit("chat", chat);
  await first.kept.flush();
  const second = await keeping(tables);
  assert.equal(second.client.receipts.told.get(1), 2);
});

test("after a sign-out of any window nothing is written, and a disk that fails keeps nothing old", async () => {
  const tables = new PlayedTables();
  const chat = chatOf([message(1)], 1, 1);
  const one = await keeping(tables, [chat]);
  const other = await keeping(tables, [chat]);
  one.client.emit("chats");
  await one.kept.flush();
  await one.kept.clear();
  one.client.emit("chat", chat);
  await one.kept.flush();
  tables.isOurs = false; // the rows have no owner any more
  other.client.emit("chat", chat);
  await other.kept.flush();
  assert.equal(tables.rows.size, 0);
  const full = new PlayedTables();
  full.rows.set(1, chat.toKeep(ROOM));
  const third = await keeping(full, [chat]);
  full.fault = new DOMException("The disk is full.", "QuotaExceededError");
  chat.hear(message(2));
  third.client.emit("chat", chat);
  await third.kept.flush();
  assert.equal(full.rows.size, 0);
});
