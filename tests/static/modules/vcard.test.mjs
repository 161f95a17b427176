// A contact card as phones write it, and as somebody who means harm does.

import assert from "node:assert/strict";
import { test } from "node:test";

import { readCard } from "../../../static/js/vcard.js";

const card = (...lines) => ["BEGIN:VCARD", "VERSION:3.0", ...lines, "END:VCARD"].join("\r\n");

test("the name and the numbers are read, with groups, kinds and the addresses of version 4", () => {
  const read = readCard(card("N:Lovelace;Ada;;Countess;", "FN:Ada Lovelace", "item1.TEL;type=CELL;waid=4930901820:030 90 18 20", "item1.X-ABLabel:Work", 'TEL;VALUE=uri;TYPE="voice,home":tel:+44-20-7946-0000;ext=5', "TEL:0301234"));
  assert.equal(read.name, "Ada Lovelace");
  assert.deepEqual(read.numbers, [
    { text: "030 90 18 20", digits: "4930901820" },
    { text: "+44-20-7946-0000", digits: "442079460000" },
    { text: "0301234", digits: null },
  ]);
});

test("a card without a formatted name has the parts of its name in the order in which one says them", () => {
  assert.equal(readCard(card("N:Lovelace;Ada;Augusta;Countess;")).name, "Countess Ada Augusta Lovelace");
});

test("a line that was folded is one, and an escape is the letter that it stands for", () => {
  const read = readCard(card("FN:Ada\\, Countess\r\n  of Love\r\n lace\\; \\\\o/", "ORG:Analytical;Engines", "TEL:+4930\r\n 901820"));
  assert.equal(read.name, "Ada, Countess of Lovelace; \\o/");
  assert.equal(read.organization, "Analytical, Engines");
  assert.equal(read.numbers[0].digits, "4930901820");
});

test("the oldest version writes letters as bytes", () => {
  assert.equal(readCard("BEGIN:VCARD\nVERSION:2.1\nN;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:M=C3=BC=\n=6Cler;J=C3=B6rg\nEND:VCARD").name, "Jörg Müller");
});

test("one number that stands there twice is shown once, and many are counted", () => {
  const many = Array.from({ length: 40 }, (_, place) => `TEL:+49309018${String(place).padStart(2, "0")}`);
  const read = readCard(card("TEL:+49 30 901800", ...many));
  assert.equal(read.numbers.length, 5);
  assert.equal(read.more, 35);
});

test("nothing in a name or a number turns what is read around it, and both end", () => {
  const read = readCard(card(`FN:\u202eevil\u0000 ${"a".repeat(5000)}`, `TEL:+49\u202e30 901820${" ".repeat(900)}`));
  assert.ok(read.name.startsWith("evil a"));
  assert.equal(read.name.length, 100);
  assert.deepEqual(read.numbers, [{ text: "+49 30 901820", digits: "4930901820" }]);
});

test("what is no card has nothing to show", () => {
  for (const text of ["", "hello", ":::", "TEL", "TEL:", "TEL:hello", "TEL:javascript:hit=1", "__proto__:x", "N:", "\n \n \n", "FN;ENCODING=QUOTED-PRINTABLE:="]) {
    assert.deepEqual(readCard(text), { name: text.endsWith(":=") ? "=" : "", organization: "", numbers: [], more: 0 }, JSON.stringify(text));
  }
});

test("a card of the largest size is read in no time, whatever it holds", () => {
  const size = 160 * 1024;
  for (const text of [`FN:${"\\".repeat(size)}`, "TEL:123\n".repeat(size / 8), `TEL;${'"'.repeat(size)}:1`, ";".repeat(size), `N:${";".repeat(size)}`, `FN;QUOTED-PRINTABLE:${"=\n".repeat(size / 2)}`, "\n ".repeat(size / 2)]) {
    const began = process.cpuUsage(); // and not the clock, which goes on while a busy machine does something else
    readCard(text);
    const { user, system } = process.cpuUsage(began);
    assert.ok(user + system < 1_000_000, text.slice(0, 30)); // microseconds
  }
});
