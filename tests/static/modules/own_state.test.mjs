// What is new in a log shows, or shows nothing, and never breaks it: polls, pins, messages that are gone, a chat that was cleared, one's own state.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Chat } from "../../../static/js/chat.js";
import { ChatListing } from "../../../static/js/chat_listing.js";
import { merged } from "../../../static/js/kept.js";
import { Log } from "../../../static/js/log.js";
import { Sync } from "../../../static/js/sync.js";

const ME = 1;
const AT = "2026-01-01T00:00:00.000Z";
const message = (seq, more = {}) => ({ kind: "message", chat: 7, seq, sender: 2, from: "2", type: "t", text: `m${seq}`, sent_at: AT, client_id: `c${seq}`, ...more });
const change = (kind, seq, more = {}) => ({ kind, chat: 7, seq, account: 2, from: "2", client_id: `c${seq}`, at: AT, ...more });
const poll = (seq, more = {}) => message(seq, { type: "p", text: undefined, question: "Where?", options: [{ text: "Here", votes: 0, voters: [] }, { text: "There", votes: 0, voters: [] }], voter_count: 0, ...more });
const vote = (seq, account, options) => change("vote", seq, { of: 1, options, account });
const chatOf = (...entries) => {
  const chat = new Chat(7, ME);
  chat.isLoaded = true;
  for (const entry of entries) assert.equal(chat.hear(entry), "applied");
  return chat;
};

test("of each voter the last vote counts, and a vote is no row", () => {
  const { log } = chatOf(poll(1), vote(2, 3, [0]), vote(3, 4, [0, 1]), vote(4, 3, [1]), vote(5, 4, []));
  const { options, voter_count: voters } = log.at(1);
  assert.deepEqual([options, voters], [[{ text: "Here", votes: 0, voters: [] }, { text: "There", votes: 1, voters: [3] }], 1]);
  assert.deepEqual([2, 3, 4, 5].map((seq) => log.at(seq)), [null, null, null, null]);
});

test("of a secret poll the numbers are the server's, and one's own choice is one's own", () => {
  const secret = poll(1, { secret: true, options: [{ text: "Here", votes: 0 }, { text: "There", votes: 0 }] });
  const others = { kind: "vote", chat: 7, seq: 2, of: 1, votes: [1, 0], voter_count: 1, at: AT };
  const own = vote(3, ME, [1]);
  const { log } = chatOf(secret, others, { ...own, votes: [1, 1], voter_count: 2 }, { ...others, seq: 4, votes: null, voter_count: null });
  const { options, voter_count: voters, chosen } = log.at(1);
  assert.deepEqual([options.map(({ votes }) => votes), voters, chosen], [[1, 1], 2, [1]]);
});

test("a pin marks its message and is told in a row; that it ends is told nowhere", () => {
  const { log } = chatOf(message(1), change("pin", 2, { of: 1, pinned: true }));
  assert.deepEqual([log.at(1).pinned, log.at(2).kind], [{ at: AT, by: 2 }, "pin"]);
  log.hear(change("pin", 3, { of: 1, pinned: false }));
  assert.deepEqual([log.at(1).pinned, log.at(3)], [undefined, null]);
});

test("a message is gone at its time, here and in what is kept, and no longer unread", () => {
  const chat = chatOf(message(1), message(2, { text: "canary", expires_at: "2026-01-01T00:01:00.000Z" }));
  assert.equal(chat.unread, 2);
  const end = Date.parse("2026-01-01T00:01:00.000Z");
  assert.deepEqual(chat.expire(end - 1), { next: end, isDifferent: false });
  const kept = JSON.parse(JSON.stringify(chat.toKeep({ entries: 50, chars: 32000 })));
  assert.deepEqual(chat.expire(end), { next: Infinity, isDifferent: true });
  assert.deepEqual([chat.log.at(2).deleted, chat.log.at(2).text, chat.last.deleted, chat.unread], [true, undefined, true, 1]);
  chat.readHead({ kind: "direct", last_seq: 2, read: 0, delivered: 0, last_at: AT, last: message(2, { text: "canary" }) }); // of a server whose clock is behind
  assert.equal(chat.last.text, undefined);
  const later = new Chat(7, ME); // of a page that was away meanwhile
  later.restore(kept);
  later.expire(end);
  assert.ok(!JSON.stringify(later.toKeep({ entries: 50, chars: 32000 })).includes("canary"));
});

test("where a server keeps messages for some days only, they are gone by the time at which they were sent", () => {
  const chat = chatOf(message(1));
  assert.equal(chat.expire(Date.parse("2026-01-03T00:00:00.000Z") - 1, 2).isDifferent, false);
  assert.equal(chat.expire(Date.parse("2026-01-03T00:00:00.000Z"), 2).isDifferent, true);
});

test("a chat that was cleared shows nothing up to there, live, after the next start, and of two windows", () => {
  const sync = new Sync({ ask: async () => ({}), me: ME });
  sync.restore([{ ...chatOf(message(1), message(2)).toKeep({ entries: 50, chars: 32000 }) }], true);
  const chat = sync.chats.get(7);
  const before = chat.toKeep({ entries: 50, chars: 32000 });
  sync.hear("chat_cleared", { chat: 7, up_to: 2 });
  assert.deepEqual([chat.log.at(1), chat.log.at(2), chat.last, chat.unread], [null, null, null, 0]);
  sync.hear("message_created", { message: message(3) });
  const row = chat.toKeep({ entries: 50, chars: 32000 });
  assert.deepEqual(merged(before, row).entries.map(({ seq }) => seq), [3]);
  const later = new Chat(7, ME);
  later.restore(row);
  assert.deepEqual([later.log.at(2), later.log.at(3).text, later.last.seq], [null, "m3", 3]);
});

test("more that was deleted for oneself elsewhere than the list tells: the log is read anew", () => {
  const chat = chatOf(message(1), message(2));
  const state = { kind: "direct", status: "current", entries: [], cursor: 2, last_seq: 2, marks: [], hidden: [], hidden_count: 0 };
  chat.catchUp(state);
  chat.hide(1);
  chat.catchUp({ ...state, hidden: [1], hidden_count: 1 });
  assert.equal(chat.log.at(2).text, "m2");
  chat.catchUp({ ...state, hidden: [1], hidden_count: 3 });
  assert.equal(chat.log.at(2), undefined);
});

test("unread mentions of this person are counted, as the messages are now", () => {
  const mentions = [{ account: ME, number: "1", offset: 0, length: 2 }];
  const chat = chatOf(message(1, { mentions }), message(2), message(3, { mentions, sender: ME }));
  assert.equal(chat.mentioned, 1);
  chat.hear(change("edit", 4, { of: 2, text: "m2", edited_at: AT, mentions }));
  assert.equal(chat.mentioned, 2);
  chat.hear(change("deletion", 5, { of: 1, scope: "all" }));
  assert.equal(chat.mentioned, 1);
  chat.moveMark(ME, 5, 5);
  assert.equal(chat.mentioned, 0);
});

test("settings and stars are entries of one's own chat and never rows; settings show at the chat that they are about", () => {
  const sync = new Sync({ ask: async () => ({}), me: ME });
  sync.restore([{ ...chatOf(message(1)).toKeep({ entries: 50, chars: 32000 }) }], true);
  const own = new Chat(9, ME);
  own.describe({ kind: "self", title: null, contact: "1" });
  sync.restore([{ ...own.toKeep({ entries: 50, chars: 32000 }), marks: [] }], true);
  const entry = { kind: "settings", chat: 9, seq: 1, account: ME, from: "1", client_id: "s", at: AT, of_chat: 7, settings: { muted_until: "always" } };
  sync.hear("chat_settings_changed", { chat: 7, settings: { muted_until: "always" }, entry });
  sync.hear("star_changed", { chat: 7, seq: 1, starred: true, entry: { ...entry, kind: "star", seq: 2, of_seq: 1, starred: true } });
  assert.deepEqual([sync.chats.get(7).settings, sync.chats.get(7).log.cursor], [{ muted_until: "always" }, 1]);
  assert.deepEqual([sync.chats.get(9).log.cursor, sync.chats.get(9).log.at(1), sync.chats.get(9).log.at(2), sync.chats.get(9).unread], [2, null, null, 0]);
});

test("the chat with oneself is listed once something is written in it", () => {
  const own = new Chat(9, ME);
  own.describe({ kind: "self", title: null, contact: "1" });
  own.isLoaded = true;
  const client = { chats: new Map([[9, own]]), outbox: { items: new Map() }, laneOf: ({ contact }) => `contact:${contact}`, findDirect: () => own };
  assert.deepEqual(new ChatListing(client).all(), []);
  own.hear(message(1, { chat: 9, sender: ME }));
  assert.deepEqual(new ChatListing(client).all(), [own]);
});

test("a log that knows none of this goes on", () => {
  const log = new Log();
  for (const [place, kind] of ["expiry", "pinners", "something new"].entries()) assert.equal(log.hear(change(kind, place + 1)), "applied");
  assert.equal(log.cursor, 3);
});

test("a time for messages is heard with its entry, and a chat stays who it is with", () => {
  const sync = new Sync({ ask: async () => ({}), me: ME });
  sync.restore([{ ...chatOf(message(1)).toKeep({ entries: 50, chars: 32000 }), contact: "2" }], true);
  sync.hear("chat_changed", { chat: 7, kind: "direct", title: null, contact: null, expires_after_s: 86400, last_seq: 2, change: change("expiry", 2, { expires_after_s: 86400 }) });
  const { contact, expiresAfter, log } = sync.chats.get(7);
  assert.deepEqual([contact, expiresAfter, log.at(2).kind], ["2", 86400, "expiry"]);
});
