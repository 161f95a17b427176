// The words of the page in the reader's language. The words of the code are English, and stand in it as they are shown; each other
// language has a table of them, static/languages/<language>.json: {English: translation}, with a list of plural forms where numbers decide.
//
//   gettext("Try again")                                            // "Nochmals versuchen"
//   gettext("{who} left", { who: "Ada" })                           // "Ada ist gegangen"
//   ngettext("{count} message", "{count} messages", 3)              // "3 Nachrichten"
//   pgettext("verb", "Open")                                        // where one English word has several translations
//   gettextNodes("See {terms} first", { terms: el("a", …) })        // ["See ", <a>, " first"]
//
// first_paint.js decides on the language, as <html lang>. Every module that imports this one waits until its table has come.

/** The languages in which the page can be read, by their own names. */
export const LANGUAGES = { en: "English", de: "Deutsch", es: "Español", fr: "Français", ar: "العربية" };
const PLURALS = ["zero", "one", "two", "few", "many", "other"]; // the order of six forms; of two, the first one is "one"
const CONTEXT_ENDS = "\u0004"; // as in gettext

const TABLE_WITHIN_MS = 4000; // of a network that hangs: English now is better than words that may never come

const root = globalThis.document?.documentElement;
const loaded = root && root.lang !== "en" ? await load(root.lang) : null;

/** "de"; English where the table of another language cannot be had. */
export const language = loaded ? root.lang : "en";
const table = loaded ?? {};
const rules = new Intl.PluralRules(language);
const numbers = new Intl.NumberFormat(language, { numberingSystem: "latn" });
if (root && !loaded) Object.assign(root, { lang: "en", dir: "ltr" });

async function load(wanted) {
  try {
    const answer = await fetch(new URL(`../languages/${wanted}.json`, import.meta.url), { signal: AbortSignal.timeout(TABLE_WITHIN_MS) });
    return answer.ok ? await answer.json() : null;
  } catch (error) {
    console.warn("could not load the language:", error);
    return null;
  }
}

// The server refuses in English. What it says then is seldom needed: it comes with the first refusal, or after all that the page begins with.
const ERRORS_AFTER_MS = 5000, ERRORS_WITHIN_MS = 3000;
let errors = null;
let coming = null;
if (language !== "en") setTimeout(refusalsKnown, ERRORS_AFTER_MS);

/** Resolves once `refusalText` knows the reader's language, or where that takes too long. */
export async function refusalsKnown() {
  if (language === "en" || errors) return;
  coming ??= import("./error_texts.js").then((module) => (errors = module)).catch(() => (coming = null));
  await Promise.race([coming, new Promise((resolve) => setTimeout(resolve, ERRORS_WITHIN_MS))]);
}

/** What a refusal of the server says, by its code, in the reader's language; its own sentence where the page does not know better. */
export const refusalText = (code, sentence) => errors?.textOf(code, sentence) ?? sentence;

/** Why something kept on this device failed: {code, message, sentence (of the server, in English), language (of `message`)}. */
export const failureText = ({ code, message, sentence = message, language: written }) => (written === language ? message : refusalText(code, sentence));

const FROM_RIGHT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/; // the blocks of Hebrew and Arabic, and what lies between them
const isFromRight = root?.dir === "rtl";

/** What is written from the other side must not take the words around it along: it is isolated, as in <bdi>. */
export const isolated = (value) => (isFromRight || FROM_RIGHT.test(value) ? `\u2068${value}\u2069` : value);

const filled = (text, values) => (values ? text.replaceAll(/\{(\w+)\}/g, (blank, name) => (Object.hasOwn(values, name) ? isolated(values[name]) : blank)) : text);

/** Returns an English text in the reader's language, with `values` in place of the names in braces. */
export const gettext = (text, values) => filled(table[text] ?? text, values);

/** `gettext` of a text that has several meanings in English: `context` says which. */
export const pgettext = (context, text, values) => filled(table[context + CONTEXT_ENDS + text] ?? text, values);

/** Returns the form for a number of things; `{count}` in it is the number as the reader's language writes it. */
export function ngettext(one, many, count, values) {
  const form = rules.select(count);
  const forms = table[one] ?? [one, many];
  const text = forms[forms.length === PLURALS.length ? PLURALS.indexOf(form) : Number(form !== "one")];
  return filled(text, { count: numbers.format(count), ...values });
}

/** Returns the parts of a text in the reader's language, with `nodes` in place of the names in braces. */
export const gettextNodes = (text, nodes) => gettext(text).split(/\{(\w+)\}/).map((part, place) => (place % 2 ? nodes[part] : part)).filter((part) => part !== "");
