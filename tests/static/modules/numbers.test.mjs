// Numbers and codes as people write them: what is sent, what is refused, and whose country is asked for.

import assert from "node:assert/strict";
import { test } from "node:test";

import { foldDigits } from "../../../static/js/digits.js";
import { countryOf, guessCountry, listCountries, readDigits } from "../../../static/js/numbers.js";

test("a number with a country code is read however it is written", () => {
  for (const text of ["+49 30 901820", "0049 30-901820", "\u202a+49\u00a030\u2011901820\u202c", "tel:+49-30-901820", "\uff0b\uff14\uff19 30 901820", "٠٠٤٩٣٠٩٠١٨٢٠", "+۴۹۳۰۹۰۱۸۲۰", "+49/30/901820", "[+49] 30~901820", "+49\u00b730\u30fb901820", "+49\u034f30\u3164901820"]) {
    assert.deepEqual({ ...readDigits(text) }, { digits: "4930901820", hasCode: true }, text);
  }
});

test("a number without one needs a country", () => {
  assert.deepEqual({ ...readDigits("(030) 901820") }, { digits: "030901820", hasCode: false });
});

test("what is no number is refused", () => {
  for (const text of ["hello", "", "+", "49x1", "+49 30 901820 Mum", "\u200b"]) assert.throws(() => readDigits(text), /no phone number/, text);
});

test("a code is its digits", () => {
  for (const text of ["1234", " 12 34", "١٢٣٤", "۱۲۳۴", "\u200e12-34"]) assert.equal(foldDigits(text), "1234");
});

test("the browser's languages name a country only where they name a region", () => {
  assert.equal(guessCountry(["de-AT", "en-US"]), "AT");
  assert.equal(guessCountry(["pt", "pt-BR"]), "BR");
  assert.equal(guessCountry(["en"]), "");
  assert.equal(guessCountry([]), "");
  assert.ok(listCountries().length > 200);
});

test("the country of one's own number is the browser's where several share a calling code", () => {
  assert.equal(countryOf("4930901820", ""), "DE");
  assert.equal(countryOf("12025550123", "DE"), "US");
  assert.equal(countryOf("12025550123", "CA"), "CA");
  assert.equal(countryOf("447400123777", ""), "GB");
  assert.equal(countryOf("0", "FR"), "FR");
});
