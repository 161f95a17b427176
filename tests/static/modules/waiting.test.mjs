// What waits, in words: messages are counted as messages, and nothing else is.

import assert from "node:assert/strict";
import { test } from "node:test";

import { sentenceOf, waitingOf } from "../../../static/js/waiting.js";

const items = (...events) => events.map((event) => ({ event, stored: null, failed: null }));

test("messages, reactions and changes are counted apart, messages first", () => {
  assert.equal(waitingOf(items("reaction_set", "message_send", "message_edit", "message_send", "message_delete")), "2 messages, one reaction, and 2 changes");
  assert.equal(waitingOf(items("reaction_set")), "one reaction");
});

test("what is stored or refused does not wait", () => {
  const [stored, failed] = items("message_send", "message_send");
  assert.equal(waitingOf([{ ...stored, stored: {} }, { ...failed, failed: {} }]), "");
  assert.equal(sentenceOf([]), "");
});

test("the banner says it as a sentence", () => {
  assert.equal(sentenceOf(items("message_send")), "Waiting to be sent: one message.");
  assert.equal(sentenceOf(items("message_send", "reaction_set")), "Waiting to be sent: one message and one reaction.");
  assert.equal(sentenceOf(items("reaction_set", "reaction_set")), "Waiting to be sent: 2 reactions.");
});
