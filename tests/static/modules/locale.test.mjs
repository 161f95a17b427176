// The page's language as it is written where the reader is: never another language, but the reader's order and hours.

import assert from "node:assert/strict";
import { test } from "node:test";

import { compareWords, lengthOf, localeFor, sizeOf, spokenLengthOf, waitOf } from "../../../static/js/locale.js";

const written = (reader) =>
  new Intl.DateTimeFormat(localeFor("en", reader), { day: "numeric", month: "long", hour: "numeric", minute: "2-digit", timeZone: "UTC" })
    .format(new Date("2031-05-02T18:30:00Z")).replaceAll("\u202f", " ");

for (const [reader, expected] of [
  ["en-US", "May 2 at 6:30 PM"],
  ["en-GB", "2 May at 18:30"],
  ["de-DE", "2 May at 18:30"],
  ["de", "2 May at 18:30"],
  ["es-MX", "2 May at 6:30 pm"],
  ["ar-EG", "2 May at 6:30 pm"],
  ["ja-JP", "May 2 at 18:30"],
]) {
  test(`a reader of ${reader} sees ${expected}`, () => assert.equal(written(reader).replace(", ", " at "), expected));
}

test("a reader of the page's language keeps every wish", () => assert.equal(localeFor("en", "en-GB-u-hc-h12"), "en-GB-u-hc-h12"));

test("a wait is said in whole words", () => {
  assert.deepEqual([1, 45, 130, 9000].map(waitOf), ["1 second", "45 seconds", "3 minutes", "3 hours"]);
});

test("a length is read as on a clock, and said in words", () => {
  assert.deepEqual([0, 499, 12400, 59600, 61000, 3723000].map(lengthOf), ["0:00", "0:00", "0:12", "1:00", "1:01", "1:02:03"]);
  assert.deepEqual([0, 12400, 60000, 3723000].map(spokenLengthOf), ["0 seconds", "12 seconds", "1 minute", "1 hour, 2 minutes, 3 seconds"]);
});

test("a size has the unit that reads best", () => {
  assert.deepEqual([0, 999, 1000, 123456, 3440000, 5e9, 5e12].map(sizeOf), ["0 byte", "999 byte", "1 kB", "123 kB", "3.4 MB", "5 GB", "5,000 GB"]);
});

test("names stand in the order of a telephone book", () => {
  assert.deepEqual(["Zoë", "emil", "Łukasz", "Émile", "Emil", "O'Neil", "Lena", "Анна"].sort(compareWords), ["emil", "Emil", "Émile", "Lena", "Łukasz", "O'Neil", "Zoë", "Анна"]);
});
