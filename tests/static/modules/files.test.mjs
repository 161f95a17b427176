// What a file's name tells of it, and what it cannot pretend.

import assert from "node:assert/strict";
import { test } from "node:test";

import { endingOf, kindOf, plainName, splitName } from "../../../static/js/files.js";

test("a long name is cut before its ending and a few letters", () => {
  assert.deepEqual(splitName("the long report of the year 3.pdf"), ["the long report of the ", "year 3.pdf"]);
  assert.deepEqual(splitName("تقرير.pdf"), ["تقرير", ".pdf"]); // letters that belong together stay together
  assert.deepEqual(splitName("a.pdf"), ["a.pdf", ""]);
  assert.deepEqual(splitName("Makefile"), ["Makefile", ""]);
});

test("a name cannot turn its ending round", () => {
  assert.equal(plainName("photo\u202egnp.exe"), "photognp.exe");
  assert.equal(plainName("a\u2066\u2069\u200f\u0007.txt"), "a.txt");
});

test("the kind is told by the ending, and by the type where there is none", () => {
  assert.deepEqual(["a.PDF", "b.xlsx", "c.tar.gz", "d.docx", "e.odp"].map((name) => kindOf(name)), ["pdf", "table", "archive", "text", "slides"]);
  assert.equal(kindOf("scan", "application/pdf"), "pdf");
  assert.equal(kindOf("a.jpg", "image/jpeg"), "media");
  assert.equal(kindOf("x.constructor", "application/octet-stream"), "other");
  assert.equal(endingOf("a.pdf"), "PDF");
  assert.equal(endingOf("a.constructor"), "");
});
