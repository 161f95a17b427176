// Dates and times in the viewer's language and time zone.

const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: "long" });
const shortDay = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const longDay = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const fullDay = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

function daysAgo(date, now = new Date()) {
  const midnight = (one) => Date.UTC(one.getFullYear(), one.getMonth(), one.getDate());
  return Math.round((midnight(now) - midnight(date)) / 86400000);
}

export const timeOf = (iso) => clock.format(new Date(iso));
export const wholeTimeOf = (iso) => whole.format(new Date(iso));

/** The same for all times of one day, where the viewer is. */
export const dayKey = (iso) => new Date(iso).toDateString();

/** "Today", "Yesterday", a weekday with its date, or a date with its year. */
export function dayOf(iso) {
  const date = new Date(iso);
  const days = daysAgo(date);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  return days > 0 && days < 300 ? longDay.format(date) : fullDay.format(date);
}

/** As short as a list needs it. */
export function briefly(iso) {
  if (!iso) return "";
  const date = new Date(iso);
  const days = daysAgo(date);
  if (days === 0) return clock.format(date);
  if (days === 1) return "Yesterday";
  if (days > 0 && days < 7) return weekday.format(date);
  return days < 300 ? shortDay.format(date) : fullDay.format(date);
}

const eventDay = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
const briefDay = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" });
const briefUtcDay = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" });
const utcDay = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
const HALF_DAY_MS = 43200000;

/**
 * The day that an event without a time is on, as midnight in UTC: the date that stands in a text with an offset, which is midnight where
 * it was made; else the nearest one to that midnight.
 */
export function wholeDayOf(iso) {
  if (!iso.endsWith("Z")) return new Date(`${iso.slice(0, 10)}T00:00:00Z`);
  return new Date(Math.floor((new Date(iso).getTime() + HALF_DAY_MS) / (2 * HALF_DAY_MS)) * 2 * HALF_DAY_MS);
}

/** The server writes an offset where a date is a day of that place: a poll of an event without a time, at its midnight. */
const namesTime = (iso) => iso.endsWith("Z") || !iso.includes("T00:00:00.000000");

/** When an event is, where the viewer is. */
export function eventDateOf(iso, hasTime = namesTime(iso)) {
  return hasTime ? `${eventDay.format(new Date(iso))}, ${timeOf(iso)}` : utcDay.format(wholeDayOf(iso));
}

export function briefEventDateOf(iso, hasTime = true) {
  return hasTime ? `${briefDay.format(new Date(iso))}, ${timeOf(iso)}` : briefUtcDay.format(wholeDayOf(iso));
}

/** A date of the viewer's own clock, with its offset from UTC: "2031-05-02T20:30:00+02:00". */
export function withOffset(date) {
  const minutes = -date.getTimezoneOffset();
  const local = new Date(date.getTime() + minutes * 60000).toISOString().slice(0, 19);
  const two = (number) => String(Math.trunc(Math.abs(number))).padStart(2, "0");
  return `${local}${minutes < 0 ? "-" : "+"}${two(minutes / 60)}:${two(minutes % 60)}`;
}

export function lastSeenOf(iso) {
  const minutes = Math.round((Date.now() - new Date(iso)) / 60000);
  if (minutes < 60) return `last seen ${relative.format(-Math.max(1, minutes), "minute")}`;
  const days = daysAgo(new Date(iso));
  return days === 0 ? `last seen at ${timeOf(iso)}` : `last seen ${briefly(iso)} at ${timeOf(iso)}`;
}
