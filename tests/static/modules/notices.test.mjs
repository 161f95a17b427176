// Of what somebody is notified, and when: nothing of one's own, nothing that was read, and not a hundred at once.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Chat } from "../../../static/js/chat.js";
import { isMuted, isNews, isUnread, Pace, waitFor } from "../../../static/js/notice_rules.js";

const ME = 1;
const message = (seq, more = {}) => ({ kind: "message", chat: 7, seq, sender: 2, from: "2", type: "t", text: "hi", sent_at: "2026-01-01T00:00:00.000Z", client_id: `c${seq}`, ...more });

test("news is what others wrote, and what concerns this account", () => {
  const chat = new Chat(7, ME);
  assert.equal(isNews(message(1), chat), true);
  assert.equal(isNews(message(1, { sender: ME }), chat), false);
  assert.equal(isNews(message(1, { deleted: true }), chat), false);
  assert.equal(isNews({ kind: "joined", account: 2, accounts: [ME, 3] }, chat), true);
  assert.equal(isNews({ kind: "joined", account: 2, accounts: [3] }, chat), false);
  assert.equal(isNews({ kind: "reaction", account: 2, of: 1, emoji: "👍" }, chat), false);
});

test("a notice says nothing any more once its message was read, deleted or hidden", () => {
  const chat = new Chat(7, ME);
  for (let seq = 1; seq <= 4; seq++) chat.hear(message(seq));
  assert.equal(isUnread(4, chat), true);
  chat.hear({ kind: "deletion", chat: 7, seq: 5, of: 4, account: 2, from: "2" });
  assert.equal(isUnread(4, chat), false);
  chat.hide(3);
  assert.equal(isUnread(3, chat), false);
  chat.moveMark(ME, 2, 2);
  assert.equal(isUnread(2, chat), false);
});

test("who is busy on another device has longer to see it there", () => {
  const now = 1_000_000;
  assert.ok(waitFor(now, -Infinity) <= 2000);
  assert.ok(waitFor(now, now - 1000) >= 5000);
  assert.ok(waitFor(now, now - 600_000) <= 2000);
});

test("no chat is muted as long as nothing says so", () => {
  const chat = new Chat(7, ME);
  const plain = { kind: "message" };
  const mentioning = { ...plain, mentions: [{ account: ME }] };
  const isTold = (settings) => [plain, mentioning].map((entry) => !isMuted(Object.assign(chat, { settings }), entry, Date.parse("2026-01-01T00:00:00.000Z")));
  assert.deepEqual(isTold({}), [true, true]);
  assert.deepEqual(isTold({ muted_until: "always" }), [false, false]);
  assert.deepEqual(isTold({ muted_until: "2026-01-01T00:00:00.001Z" }), [false, false]);
  assert.deepEqual(isTold({ muted_until: "2026-01-01T00:00:00.000Z" }), [true, true]);
  assert.deepEqual(isTold({ muted_until: "always", notify: "mentions" }), [false, true]);
  assert.deepEqual(isTold({ notify: "none" }), [false, false]);
});

test("a crowd of notices is held back", () => {
  const pace = new Pace(3, 1000);
  assert.deepEqual([0, 1, 2, 3, 999, 1000, 1001].map((now) => pace.take(now)), [true, true, true, false, false, true, true]);
});
