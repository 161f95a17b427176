// The signs around words, as people write them in other messengers.

import assert from "node:assert/strict";
import { test } from "node:test";

import { parse, parseAddresses, plainOf } from "../../../static/js/markup.js";

const bold = (...parts) => ({ kind: "bold", parts });
const italic = (...parts) => ({ kind: "italic", parts });
const link = (text, address = text) => ({ kind: "link", text, address });

test("signs around words make them bold, italic or struck", () => {
  assert.deepEqual(parse("*now* _or_ ~never~"), [bold("now"), " ", italic("or"), " ", { kind: "strike", parts: ["never"] }]);
  assert.deepEqual(parse("*_x_*, *é*"), [bold(italic("x")), ", ", bold("é")]);
  assert.deepEqual(parse("(*a b*)"), ["(", bold("a b"), ")"]);
});

test("signs that stand for themselves stay", () => {
  for (const text of ["2 * 3 * 4", "snake_case_name", "a*b*c", "é*x*", "*a*b", "* a*", "*a *", "*", "**", "~~~", "*one\ntwo*", "`", "`` ` `", "```", "``` ```"]) assert.deepEqual(parse(text), [text], text);
  assert.deepEqual(parse("*a _b* c_"), [bold("a _b"), " c_"]); // what begins inside ends inside
});

test("code is taken as it is", () => {
  assert.deepEqual(parse("`*a* https://x.org`."), [{ kind: "code", text: "*a* https://x.org" }, "."]);
  assert.deepEqual(parse("see\n```\nif (a) {\n  b();\n}\n```\n*then*"), ["see\n", { kind: "block", text: "if (a) {\n  b();\n}" }, bold("then")]);
  assert.deepEqual(parse("```x```"), [{ kind: "block", text: "x" }]);
});

test("addresses of all kinds are links, without the signs of the sentence around them", () => {
  assert.deepEqual(parse("*https://x.org/a_b*, (www.x.org/y)."), [bold(link("https://x.org/a_b")), ", (", link("www.x.org/y", "https://www.x.org/y"), ")."]);
  assert.deepEqual(parse("_https://x.org/c_d_"), [italic(link("https://x.org/c_d"))]);
  assert.deepEqual(parse("https://x.org/A_(b)!"), [link("https://x.org/A_(b)"), "!"]);
  assert.deepEqual(parse("ada.l@mail.x.org or +49 (30) 123-4567"), [link("ada.l@mail.x.org", "mailto:ada.l@mail.x.org"), " or ", link("+49 (30) 123-4567", "tel:+49301234567")]);
  for (const text of ["https://", "javascript:alert(1)", "data:text/html,x", "a@b", "1+4930901820", "+12", "12.12.2026", "xhttps://y.org"]) assert.deepEqual(parse(text), [text], text);
});

test("a title has links and no signs", () => {
  assert.deepEqual(parseAddresses("*Party* at `www.x.org`"), ["*Party* at `", link("www.x.org", "https://www.x.org"), "`"]);
});

test("one line that stands for a text has no signs", () => {
  assert.equal(plainOf("*now* `x` ~_y_~ www.x.org ```z```"), "now x y www.x.org z");
});
