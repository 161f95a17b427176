// The language of the page's words, and how dates and times are written in it: in the reader's order and hours, never in other words.
//
//   dateFormat({ weekday: "long" }).format(date)        // "Friday", also where the browser speaks German
//

import { isolated, language } from "./language.js";
import { preference } from "./preferences.js";

const HOUR_CYCLES = { 12: "h12", 24: "h23" };

/** How the page's language is written where the reader is: `localeFor("en", "de-DE")` has days before months, and 24 hours. */
export function localeFor(words, reader) {
  const { language: own, region } = new Intl.Locale(reader).maximize();
  if (own === words) return reader;
  const known = `${words}-${region}`;
  const hourCycle = new Intl.DateTimeFormat(reader, { hour: "numeric" }).resolvedOptions().hourCycle;
  const order = new Intl.DateTimeFormat(reader, { day: "numeric", month: "numeric" }).formatToParts().map(({ type }) => type);
  const similar = `${words}-${order.indexOf("month") < order.indexOf("day") ? "US" : "GB"}`; // where this language is not spoken
  const isKnown = new Intl.DateTimeFormat(known).resolvedOptions().locale === known;
  return new Intl.Locale(isKnown ? known : similar, { hourCycle }).toString();
}

function readerLocale() {
  try {
    // One kind of digits: phone numbers, codes and lengths have these as well.
    return new Intl.Locale(localeFor(language, globalThis.navigator?.language || language), { numberingSystem: "latn" }).toString();
  } catch {
    return language; // some systems name what is no language, such as "en-US@posix"
  }
}

const locale = readerLocale();

/** Has `format(date)`, which follows the clock that the reader chose. */
export function dateFormat(options) {
  const made = new Map(); // clock -> Intl.DateTimeFormat
  return {
    format(date) {
      const clock = preference("clock");
      if (!made.has(clock)) made.set(clock, new Intl.DateTimeFormat(locale, { ...options, hourCycle: HOUR_CYCLES[clock] }));
      return made.get(clock).format(date);
    },
  };
}

const lists = new Intl.ListFormat(language);
const durations = new Intl.ListFormat(language, { type: "unit", style: "long" });
const spans = new Intl.RelativeTimeFormat(language, { numeric: "auto" });

const regions = new Intl.DisplayNames(language, { type: "region" });

/** "Germany" for "DE". */
export const regionName = (region) => regions.of(region);

/** For `sort`: words of the page in the order of its language. */
export const compareWords = new Intl.Collator(language).compare;

/** "Ann, Tom, and Eve" */
export const listOf = (texts) => lists.format(texts.map(isolated));

/** "5 minutes ago" for -5 and "minute". */
export const spanOf = (count, unit) => spans.format(count, unit);

const formats = new Map(); // place and options -> Intl.NumberFormat, which takes long to make

function formatNumber(number, options = {}, place = locale) {
  const key = place + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.NumberFormat(place, options));
  return formats.get(key).format(number);
}

/** "16,384", as the reader writes it. */
export const numberOf = (number) => formatNumber(number);

const BYTES = ["byte", "kilobyte", "megabyte", "gigabyte"];

/** "3.4 MB", as the reader writes it. */
export function sizeOf(bytes) {
  const power = Math.min(BYTES.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const digits = power > 1 ? 1 : 0;
  return formatNumber(bytes / 1000 ** power, { style: "unit", unit: BYTES[power], maximumFractionDigits: digits });
}

/** "52.52000", as the reader writes it. */
export const decimalOf = (number, digits) => formatNumber(number, { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** How long something plays, as on a clock: "0:12", "1:02:03". */
export function lengthOf(ms) {
  const seconds = Math.round(ms / 1000);
  const two = (number) => String(number).padStart(2, "0");
  const rest = `${Math.floor(seconds / 60) % 60}:${two(seconds % 60)}`;
  return seconds < 3600 ? rest : `${Math.floor(seconds / 3600)}:${rest.padStart(5, "0")}`;
}

/** The same in words: "1 minute, 12 seconds". */
export function spokenLengthOf(ms) {
  const seconds = Math.round(ms / 1000);
  const parts = [[Math.floor(seconds / 3600), "hour"], [Math.floor(seconds / 60) % 60, "minute"], [seconds % 60, "second"]].filter(([count]) => count);
  return parts.length ? durations.format(parts.map(([count, unit]) => inWords(count, unit))) : inWords(0, "second");
}

const inWords = (count, unit) => formatNumber(count, { style: "unit", unit, unitDisplay: "long" }, language);

/** How long to wait, in whole words: "45 seconds", "2 minutes". */
export function waitOf(seconds) {
  const [count, unit] = seconds < 120 ? [seconds, "second"] : seconds < 7200 ? [Math.ceil(seconds / 60), "minute"] : [Math.ceil(seconds / 3600), "hour"];
  return inWords(Math.ceil(count), unit);
}

const SPANS = [[604800, "week"], [86400, "day"], [3600, "hour"], [60, "minute"], [1, "second"]];

/** A time that is a whole number of something: "1 day" for 86400. */
export function spanInWords(seconds) {
  const [size, unit] = SPANS.find(([size]) => seconds % size === 0);
  return inWords(seconds / size, unit);
}

/** The day with which a week begins where the reader is: 1 for Monday to 7 for Sunday. */
export function firstWeekday(place = locale) {
  const known = new Intl.Locale(place);
  return (known.getWeekInfo?.() ?? known.weekInfo)?.firstDay ?? 1;
}
