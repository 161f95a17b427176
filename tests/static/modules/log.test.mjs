// The rules of a log: next is applied, a gap is noticed, known is ignored, a page of the past never undoes what came since.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Chat } from "../../../static/js/chat.js";
import { Log } from "../../../static/js/log.js";
import { Sync } from "../../../static/js/sync.js";
import { Heights } from "../../../static/js/views/heights.js";

const message = (seq, text = `m${seq}`, more = {}) => ({ kind: "message", chat: 7, seq, sender: 2, from: "2", type: "t", text, sent_at: "2026-01-01T00:00:00.000Z", client_id: `c${seq}`, ...more });
const edit = (seq, of, text) => ({ kind: "edit", chat: 7, seq, of, text, account: 2, from: "2", client_id: `c${seq}`, edited_at: "2026-01-01T00:00:01.000Z", at: "2026-01-01T00:00:01.000Z" });
const reaction = (seq, of, emoji, account = 3) => ({ kind: "reaction", chat: 7, seq, of, emoji, account, from: "3", client_id: `c${seq}` });
const preview = (seq, of, editSeq, title) => ({ kind: "preview", chat: 7, seq, of, edit_seq: editSeq, preview: title && { url: "http://a.b", site: "a.b", title }, account: 2, from: "2", client_id: `c${seq}` });
const deletion = (seq, of) => ({ kind: "deletion", chat: 7, seq, of, scope: "all", account: 2, from: "2", client_id: `c${seq}` });

test("a preview belongs to the text that it was made of", () => {
  const log = new Log();
  const titles = [message(1), preview(2, 1, 0, "one"), preview(3, 1, 0, "twin"), edit(4, 1, "new"), preview(5, 1, 0, "late"), preview(6, 1, 4, "two"), preview(7, 1, 4, null), deletion(8, 1)].map((entry) => {
    log.hear(entry);
    return log.at(1).preview?.title;
  });
  assert.deepEqual(titles, [undefined, "one", "one", undefined, undefined, "two", "two", undefined]);
  assert.equal(log.at(2), null);
});

test("a preview of a message that was loaded with its edit is known by that edit", () => {
  const log = new Log(9);
  log.ask();
  log.take({ entries: [message(1, "new", { edit_seq: 4 })], next: 1, last_seq: 9 }, 0);
  log.hear(preview(10, 1, 0, "of the first text"));
  assert.equal(log.at(1).preview, undefined);
  log.hear(preview(11, 1, 4, "of this text"));
  assert.equal(log.at(1).preview.title, "of this text");
});

test("entries are applied in order, once", () => {
  const log = new Log();
  assert.equal(log.hear(message(1)), "applied");
  assert.equal(log.hear(message(1)), "known");
  assert.equal(log.hear(message(3)), "gap");
  assert.equal(log.at(3), undefined);
  assert.equal(log.hear(edit(2, 1, "new")), "applied");
  assert.equal(log.hear(reaction(3, 1, "👍")), "applied");
  assert.deepEqual([log.at(1).text, log.at(1).reactions, log.at(2)], ["new", { 3: "👍" }, null]);
  log.hear(reaction(4, 1, null));
  assert.deepEqual(log.at(1).reactions, {});
  log.hear(deletion(5, 1));
  log.hear(edit(6, 1, "too late"));
  assert.deepEqual([log.at(1).deleted, log.at(1).text, log.cursor], [true, undefined, 6]);
});

test("a delta fills the gap, also where this account may not see something", () => {
  const log = new Log();
  log.hear(message(1));
  const fresh = log.catchUp({ status: "delta", entries: [message(1), message(2), message(4)], cursor: 5 });
  assert.deepEqual(fresh.map((entry) => entry.seq), [2, 4]);
  assert.deepEqual([log.at(3), log.at(5), log.cursor], [null, null, 5]);
});

test("a reset forgets the log and starts from its entries", () => {
  const log = new Log();
  for (let seq = 1; seq <= 5; seq++) log.hear(message(seq, "old"));
  log.catchUp({ status: "reset", entries: [message(90), message(92)], cursor: 92, hidden: [90] });
  assert.deepEqual([log.at(1), log.at(90), log.at(91), log.at(92).text, log.cursor], [undefined, null, null, "m92", 92]);
});

test("what was heard while a page was on its way is laid over it", () => {
  const log = new Log(100);
  log.ask();
  log.hear(edit(101, 50, "newer"));
  log.hear(deletion(102, 51));
  log.take({ entries: [message(50, "stale"), message(51, "stale"), message(52)], next: 52, last_seq: 100 }, 49);
  assert.deepEqual([log.at(50).text, log.at(51).deleted, log.at(52).text], ["newer", true, "m52"]);
});

test("a page says nothing of what the cursor has not reached", () => {
  const log = new Log(3);
  log.ask();
  log.take({ entries: [message(2), message(4, "not heard yet")], next: null, last_seq: 4 }, 0);
  assert.deepEqual([log.at(1), log.at(2).text, log.at(4), log.cursor], [null, "m2", undefined, 3]);
  assert.equal(log.hear(message(4)), "applied");
});

test("ticks wait for everybody, and not for who came later", () => {
  const chat = new Chat(7, 1);
  chat.catchUp({ chat: 7, kind: "group", status: "reset", entries: [message(1)], cursor: 1, marks: [1, 2, 3].map((account) => ({ account, delivered: 0, read: 0 })), unread: 0 });
  chat.moveMark(2, 1, 1);
  assert.equal(chat.progress(1), "stored");
  chat.moveMark(3, 1, 0);
  assert.equal(chat.progress(1), "delivered");
  chat.hear({ kind: "joined", chat: 7, seq: 2, account: 1, from: "1", accounts: [4], numbers: ["4"], admins: [], at: "" });
  chat.moveMark(3, 0, 1);
  assert.equal(chat.progress(1), "read");
  chat.moveMark(3, 0, 0);
  assert.equal(chat.progress(1), "read");
});

test("what concerns this account is unread until it is read, and stands for the chat in a list", () => {
  const chat = new Chat(7, 1);
  chat.readHead({ chat: 7, kind: "event", owner: 2, last_seq: 0, read: 0, delivered: 0, unread: 0, last: null, last_at: "" });
  const entry = (seq, kind, fields) => ({ kind, chat: 7, seq, account: 2, from: "2", at: `t${seq}`, ...fields });
  const heard = [
    [entry(1, "joined", { accounts: [1, 3], numbers: ["1", "3"], admins: [] }), 1],
    [entry(2, "role", { member: 3, number: "3", role: "admin" }), 1],
    [entry(3, "role", { member: 1, number: "1", role: "admin" }), 2],
    [entry(4, "event", { fields: ["title", "total_spots"] }), 2],
    [entry(5, "event", { fields: ["title", "event_date"] }), 3],
    [entry(6, "rsvp", { account: 3, from: "3", answer: true }), 3], // the owner's
    [entry(7, "event", { account: 1, from: "1", fields: ["canceled"] }), 3], // one's own
    [entry(8, "subject", { subject: "Supper" }), 3],
    [message(9), 4],
  ];
  for (const [one, unread] of heard) {
    assert.equal(chat.hear(one), "applied");
    assert.equal(chat.unread, unread, `${one.seq} ${one.kind}`);
    if (one.seq < 9) assert.equal(chat.preview.seq, [1, 1, 3, 3, 5, 5, 5, 5][one.seq - 1]);
  }
  assert.equal(chat.preview.seq, 9);
  assert.equal(chat.lastAt, message(9).sent_at);
  chat.moveMark(1, 3, 3);
  assert.equal(chat.unread, 2);
});

/** A server that holds a log, and answers as the real one does. */
class PlayedServer {
  asked = [];
  entries = [];
  hold = Promise.resolve();

  ask = async (name, body) => {
    this.asked.push(name);
    const answer = this.answer(name, body);
    await this.hold; // what happens meanwhile is not in it
    return answer;
  };

  answer(name, body) {
    if (name === "history") {
      const entries = this.entries.filter((entry) => entry.seq > body.after).slice(0, body.limit);
      return { entries, next: entries.length === body.limit ? entries.at(-1).seq : null, last_seq: this.entries.length };
    }
    const cursor = body.cursors[7];
    return { more: false, chats: [{ chat: 7, kind: "direct", title: "2", contact: "2", status: cursor === this.entries.length ? "current" : "delta", entries: this.entries.slice(cursor ?? 0), cursor: this.entries.length, marks: [], unread: 0 }] };
  }
}

const greeting = (lastSeq) => ({ chats: [{ chat: 7, kind: "direct", title: "2", contact: "2", last_seq: lastSeq, read: 0, delivered: 0, unread: 0, last: null, last_at: "" }], next: null });

test("a gap leads to a sync, and what comes meanwhile is neither lost nor doubled", async () => {
  const server = new PlayedServer();
  server.entries = [message(1), message(2)];
  const sync = new Sync({ ask: server.ask, me: 1 });
  await sync.begin(greeting(2));
  const heard = [];
  sync.on("entries", ({ entries }) => heard.push(...entries.map((entry) => entry.seq)));
  let release;
  server.hold = new Promise((done) => (release = done));
  server.entries.push(message(3), message(4), message(5));
  sync.hear("message_created", { message: message(4) }); // 3 was lost on the way
  sync.hear("message_created", { message: message(5) });
  server.entries.push(message(6));
  sync.hear("message_created", { message: message(6) });
  release();
  await new Promise((done) => setTimeout(done, 5));
  assert.deepEqual(server.asked, ["sync", "sync"]);
  sync.hear("message_created", { message: message(7) });
  assert.deepEqual(heard, [3, 4, 5, 6, 7]);
  assert.equal(sync.chats.get(7).log.cursor, 7);
});

test("a chat that nobody named before comes by sync", async () => {
  const server = new PlayedServer();
  const sync = new Sync({ ask: server.ask, me: 1 });
  await sync.begin({ chats: [], next: null });
  server.entries = [message(1)];
  sync.hear("message_created", { message: message(1) });
  await sync.catchUp();
  assert.equal(sync.chats.get(7).log.at(1).text, "m1");
});

test("a chat that was left before the page was loaded is not shown, one that came and went since is", async () => {
  const state = (chat, is_member, cursor, status = "reset") => ({ chat, kind: "group", status, is_member, cursor, last_seq: cursor, entries: [], marks: [], hidden: [], title: `No. ${chat}` });
  const told = [[state(8, false, 5)], [state(8, false, 5, "current"), state(9, false, 3)], [state(8, true, 6)]];
  const named = [];
  const ask = async (_, { cursors }) => {
    named.push(cursors);
    return { chats: told.shift(), more: false };
  };
  const sync = new Sync({ ask, me: 1 });
  await sync.begin({ chats: [], next: null });
  assert.deepEqual([...sync.chats.keys()], []);
  await sync.catchUp();
  assert.deepEqual([...sync.chats.keys()], [9]);
  assert.equal(sync.chats.get(9).isMember, false);
  await sync.catchUp();
  assert.deepEqual([[...sync.chats.keys()], sync.chats.get(8).isMember], [[9, 8], true]);
  assert.deepEqual(named, [{}, { 8: 5 }, { 8: 5, 9: 3 }]);
});

test("a title that is left out leaves the title alone", () => {
  const chat = new Chat(7, 1);
  chat.describe({ kind: "group", title: "Then", group: "49-1" });
  chat.describe({ kind: "group", group: "49-1" });
  assert.equal(chat.title, "Then");
});

test("heights find every row again", () => {
  const heights = new Heights();
  heights.resize(5000, (place) => place % 7);
  heights.resize(3000, () => 0);
  heights.resize(9000, () => 3);
  heights.set(10, 400);
  let top = 0;
  for (let place = 0; place < 9000; place++) {
    assert.equal(heights.top(place), top);
    if (heights.get(place) > 0) assert.equal(heights.at(top), place);
    top += heights.get(place);
  }
  assert.equal(heights.total, top);
  assert.equal(heights.at(top + 1000), 8999);
  assert.equal(heights.at(-5), 0);
});
