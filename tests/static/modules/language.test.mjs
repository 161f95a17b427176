// The words of a page in another language: a table as files have them, with what is missing in it.
import assert from "node:assert/strict";
import { test } from "node:test";

const TABLE = {
  "{who} left": "غادر {who}", "{count} message": ["0", "1", "2", "few {count}", "many {count}", "other {count}"], "verb\u0004Open": "افتح", Open: "مفتوح",
  "See {terms} first": "{terms} أولا", "Not translated": null, "{count} day": null, "There is no photo.": "لا توجد صورة.", "The file is empty.": "الملف فارغ.",
  "At most {n} numbers can be blocked.": "{n} على الأكثر",
};
const root = { lang: "ar", dir: "rtl" };
globalThis.document = { documentElement: root };
globalThis.fetch = async (url) => (String(url).endsWith("/languages/ar.json") ? { ok: true, json: async () => TABLE } : { ok: false });
const { failureText, gettext, gettextNodes, language, ngettext, pgettext } = await import("../../../static/js/language.js");
const { textOf } = await import("../../../static/js/error_texts.js");

test("a text is that of the table, and English where the table has none", () => {
  assert.equal(language, "ar");
  assert.equal(gettext("Open"), "مفتوح");
  assert.equal(pgettext("verb", "Open"), "افتح");
  assert.equal(gettext("Not translated"), "Not translated");
  assert.equal(ngettext("{count} day", "{count} days", 3), "\u20683\u2069 days");
});

test("a number has the form that the language has for it", () => {
  const said = [0, 1, 2, 3, 11, 100].map((count) => ngettext("{count} message", "{count} messages", count));
  assert.deepEqual(said, ["0", "1", "2", "few \u20683\u2069", "many \u206811\u2069", "other \u2068100\u2069"]);
});

test("what is filled in keeps its direction to itself", () => {
  assert.equal(gettext("{who} left", { who: "Ann (2)" }), "غادر \u2068Ann (2)\u2069");
  assert.equal(gettext("{who} left", { name: "Ann" }), "غادر {who}");
});

test("a node stands where the language wants it", () => {
  const terms = { a: 1 };
  assert.deepEqual(gettextNodes("See {terms} first", { terms }), [terms, " أولا"]);
});

test("a refusal is said by its code, or by a sentence that says more", () => {
  assert.equal(textOf("photo_not_found", "There is no photo here."), "لا توجد صورة.");
  assert.equal(textOf("parley.PhotoNotFound", "There is no photo here."), "لا توجد صورة.");
  assert.equal(textOf("malformed", "The file is empty."), "الملف فارغ.");
  assert.equal(textOf("conflict", "At most 500 numbers can be blocked."), "\u2068500\u2069 على الأكثر");
  assert.equal(textOf("news_of_tomorrow", "Not today."), "Not today.");
  assert.equal(textOf(undefined, "Not today."), "Not today.");
});

test("why something failed, said in this language, is as it was said; from another language it is the server's sentence", () => {
  const failed = { code: "photo_not_found", message: "Kein Foto.", sentence: "There is no photo." };
  assert.equal(failureText({ ...failed, language: "ar" }), "Kein Foto.");
  assert.equal(failureText({ ...failed, language: "de" }), "There is no photo."); // until the table of refusals has come
});
