// The rules of signing in: what is wrong with a code, and why a session is over.

import assert from "node:assert/strict";
import { test } from "node:test";

import { endOf, problemOfCode } from "../../../static/js/session.js";

test("a code of another length says both lengths", () => {
  assert.equal(problemOfCode("1234"), "");
  assert.equal(problemOfCode("123456"), "The code has 4 digits; this one has 6.");
  assert.equal(problemOfCode("12a4"), "The code is 4 digits and nothing else.");
});

test("each way in which a session ends has words of its own, and so has one that this page does not know", () => {
  const codes = ["session_revoked", "unauthenticated", "account_not_registered", "wrong_account", "no_account", "something new"];
  assert.equal(new Set(codes.map((code) => endOf({ code }))).size, codes.length);
  assert.match(endOf(), /^You were signed out/);
});
