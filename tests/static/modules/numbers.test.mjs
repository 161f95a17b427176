// Numbers and codes as people write them: what is sent, what is refused, and whose country is asked for.

import assert from "node:assert/strict";
import { test } from "node:test";

import { foldDigits, guessCountry, numberFields, readNumber } from "../../../static/js/numbers.js";

test("a number with a country code is read however it is written", () => {
  for (const text of ["+49 30 901820", "0049 30-901820", "\u202a+49\u00a030\u2011901820\u202c", "tel:+49-30-901820", "\uff0b\uff14\uff19 30 901820", "٠٠٤٩٣٠٩٠١٨٢٠", "+۴۹۳۰۹۰۱۸۲۰", "+49/30/901820", "[+49] 30~901820", "+49\u00b730\u30fb901820", "+49\u034f30\u3164901820"]) {
    assert.equal(readNumber(text, "US"), "+4930901820", text);
  }
});

test("a number without one is of the country that is chosen, and the country is asked for", () => {
  assert.equal(readNumber("(030) 901820", "DE"), "+49030901820");
  assert.equal(readNumber("07400 123777", "GB"), "+4407400123777");
  for (const country of ["", "XX"]) assert.throws(() => readNumber("030 901820", country), /country/);
});

test("what is no number is refused", () => {
  for (const text of ["hello", "", "+", "49x1", "+49 30 901820 Mum", "\u200b"]) assert.throws(() => readNumber(text, "DE"), /no phone number/, text);
});

test("a code is its digits", () => {
  for (const text of ["1234", " 12 34", "١٢٣٤", "۱۲۳۴", "\u200e12-34"]) assert.equal(foldDigits(text), "1234");
});

test("the country of the browser's languages stands first, and nobody's is chosen", () => {
  assert.equal(guessCountry(["de-AT", "en-US"]), "AT");
  assert.equal(guessCountry(["pt"]), "BR");
  assert.equal(guessCountry([]), "");
  const [, , chosen, { options }] = numberFields()[1];
  assert.equal(chosen, "");
  assert.equal(options[0][0], "");
  assert.ok(options.length > 200);
});
