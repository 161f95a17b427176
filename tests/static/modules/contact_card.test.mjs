// Cards of contacts: what any telephone reads, whatever somebody is called.

import assert from "node:assert/strict";
import { test } from "node:test";

import { cardOf } from "../../../static/js/contact_card.js";

test("a card has both names, the whole name and the number", () => {
  const card = cardOf({ number: "4930901820", firstName: "Ada", lastName: "Byron" });
  assert.equal(card, "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Byron;Ada;;;\r\nFN:Ada Byron\r\nTEL;TYPE=CELL:+4930901820\r\nEND:VCARD\r\n");
});

test("what separates parts of a card is text within a name", () => {
  const card = cardOf({ number: "+49 30 901820", firstName: "A;b,c\\d\nEND:VCARD", lastName: "" });
  assert.ok(card.includes("FN:A\\;b\\,c\\\\d\\nEND:VCARD\r\n"));
  assert.equal(card.split("\r\n").filter((line) => line === "END:VCARD").length, 1);
  assert.ok(card.includes("TEL;TYPE=CELL:+4930901820\r\n"));
});

test("somebody without names of their own has the name by which they are shown", () => {
  assert.ok(cardOf({ number: "4930901820", name: "~Ada" }).includes("N:;~Ada;;;\r\nFN:~Ada\r\n"));
  assert.ok(cardOf({ number: "4930901820" }).includes("FN:+4930901820\r\n"));
  assert.ok(cardOf({ number: "4930901820", lastName: "Byron" }).includes("N:Byron;;;;\r\nFN:Byron\r\n"));
});

test("no line is longer than 75 bytes, and none is cut within a character", () => {
  const name = "Łukasz 👩‍👩‍👧 ".repeat(12).trim();
  const lines = cardOf({ number: "4930901820", firstName: name }).split("\r\n");
  for (const line of lines) assert.ok(new TextEncoder().encode(line).length <= 75, line);
  const whole = lines.join("\r\n").replaceAll("\r\n ", "");
  assert.ok(whole.includes(`FN:${name}\r\n`));
});
