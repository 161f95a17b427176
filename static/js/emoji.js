// The emoji of the picker: their names in the reader's language, which of them a search finds, and those chosen lately.

import { gettext, language } from "./language.js";

const RECENT = "parley.emoji", TONE = "parley.emoji-tone";
const RECENT_MAX = 24;

/** The language of the names: emojibase has no Arabic, whose readers find emoji by their English names. */
export const namesLanguage = ["de", "en", "es", "fr"].includes(language) ? language : "en";
const MODIFIER_BASE = /\p{Emoji_Modifier_Base}/u;

/** Skin tones, from none to dark, as they follow a hand or a person. */
export const TONES = ["", "🏻", "🏼", "🏽", "🏾", "🏿"];

let asked = null;

/** Groups of emoji: [{name, emoji: [{text, name, words, hasTones}]}]. Loaded once; asked for again after a failure. */
export function loadEmoji() {
  asked ??= load().catch((error) => {
    asked = null;
    throw error;
  });
  return asked;
}

async function load() {
  const answer = await fetch(new URL(`../emoji/${namesLanguage}.json`, import.meta.url));
  if (!answer.ok) throw new Error(gettext("The emoji could not be loaded. Try again."));
  return read(await answer.json());
}

export function read({ groups }) {
  return groups.map(({ name, emoji }) => ({ name, emoji: emoji.map(([text, label, words, hasTones]) => ({ text, name: label, words: wordsOf(`${label} ${words}`), hasTones: Boolean(hasTones) })) }));
}

const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
const wordsOf = (text) => plain(text).split(/[^\p{L}\p{N}]+/u).filter(Boolean);

/** The emoji that have each word of a search among the beginnings of their words; first those whose name begins with it. */
export function find(groups, search) {
  const wanted = wordsOf(search);
  if (!wanted.length) return [];
  const found = groups.flatMap(({ emoji }) => emoji).filter(({ words }) => wanted.every((each) => words.some((word) => word.startsWith(each))));
  const begins = plain(search.trim());
  return [...found.filter(({ name }) => plain(name).startsWith(begins)), ...found.filter(({ name }) => !plain(name).startsWith(begins))];
}

/** An emoji in a skin tone: each hand or person in it takes it. Hands that two people hold have theirs. */
export function toned(text, tone) {
  const points = [...text];
  const takesTone = (point) => MODIFIER_BASE.test(point) && (point !== "🤝" || points.length === 1);
  if (!tone) return text;
  return points.filter((point, place) => point !== "\uFE0F" || !takesTone(points[place - 1])).map((point) => (takesTone(point) ? point + tone : point)).join("");
}

export function recentEmoji() {
  try {
    const kept = JSON.parse(localStorage.getItem(RECENT));
    return Array.isArray(kept) ? kept.filter((each) => typeof each === "string").slice(0, RECENT_MAX) : [];
  } catch {
    return [];
  }
}

export function rememberEmoji(text) {
  keep(RECENT, JSON.stringify([text, ...recentEmoji().filter((each) => each !== text)].slice(0, RECENT_MAX)));
}

export const chosenTone = () => {
  const kept = localStorage.getItem(TONE);
  return TONES.includes(kept) ? kept : "";
};
export const chooseTone = (tone) => keep(TONE, tone);

function keep(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // a browser that keeps nothing still lets one choose
  }
}
