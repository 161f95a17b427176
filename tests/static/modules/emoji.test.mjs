// Which emoji the picker finds, and what a skin tone does to them.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { find, read, toned } from "../../../static/js/emoji.js";

const named = (language) => read(JSON.parse(readFileSync(new URL(`../../../static/emoji/${language}.json`, import.meta.url), "utf8")));
const texts = (found) => found.map(({ text }) => text);

test("a search finds the beginnings of words, without regard to accents and case", () => {
  const groups = named("en");
  assert.equal(texts(find(groups, "grinning face"))[0], "😀");
  assert.ok(texts(find(groups, "HEA re")).includes("❤️"));
  assert.ok(texts(find(named("fr"), "cœur")).includes("❤️"));
  assert.ok(texts(find(named("es"), "corazon")).includes("❤️"));
  assert.ok(texts(find(named("de"), "flagge deut")).includes("🇩🇪"));
  assert.deepEqual(find(groups, "  "), []);
  assert.deepEqual(find(groups, "nosuchthing"), []);
});

test("a skin tone is taken by every hand and person in an emoji", () => {
  assert.equal(toned("👍", "🏽"), "👍🏽");
  assert.equal(toned("☝️", "🏿"), "☝🏿");
  assert.equal(toned("👩‍🚀", "🏻"), "👩🏻‍🚀");
  assert.equal(toned("🧑‍🤝‍🧑", "🏽"), "🧑🏽‍🤝‍🧑🏽");
  assert.equal(toned("👍", ""), "👍");
});
