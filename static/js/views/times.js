// Dates and times in the page's language, as they are written where the viewer is, and in the viewer's time zone.

import { namesTime, wholeDayOf } from "../calendar.js";
import { gettext } from "../language.js";
import { dateFormat, spanOf } from "../locale.js";

const clock = dateFormat({ hour: "numeric", minute: "2-digit" });
const weekday = dateFormat({ weekday: "long" });
const shortDay = dateFormat({ day: "numeric", month: "short" });
const longDay = dateFormat({ weekday: "long", day: "numeric", month: "long" });
const fullDay = dateFormat({ day: "numeric", month: "long", year: "numeric" });
const whole = dateFormat({ dateStyle: "medium", timeStyle: "short" });

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
  if (days === 0) return gettext("Today");
  if (days === 1) return gettext("Yesterday");
  return days > 0 && days < 300 ? longDay.format(date) : fullDay.format(date);
}

/** As short as a list needs it. */
export function briefly(iso) {
  if (!iso) return "";
  const date = new Date(iso);
  const days = daysAgo(date);
  if (days === 0) return clock.format(date);
  if (days === 1) return gettext("Yesterday");
  if (days > 0 && days < 7) return weekday.format(date);
  return days < 300 ? shortDay.format(date) : fullDay.format(date);
}

const eventDay = dateFormat({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
const BRIEF = { weekday: "short", day: "numeric", month: "short" };
const briefDay = dateFormat(BRIEF), briefDayAndYear = dateFormat({ ...BRIEF, year: "numeric" });
const briefUtcDay = dateFormat({ ...BRIEF, timeZone: "UTC" }), briefUtcDayAndYear = dateFormat({ ...BRIEF, year: "numeric", timeZone: "UTC" });
const utcDay = dateFormat({ weekday: "long", day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });

const atTime = (day, iso) => gettext("{first}, {next}", { first: day, next: timeOf(iso) });

/** When an event is, where the viewer is. */
export function eventDateOf(iso, hasTime = namesTime(iso)) {
  return hasTime ? atTime(eventDay.format(new Date(iso)), iso) : utcDay.format(wholeDayOf(iso));
}

/** With its year, where that is not this one. */
export function briefEventDateOf(iso, hasTime = true) {
  const isNear = new Date(iso).getFullYear() === new Date().getFullYear();
  if (!hasTime) return (isNear ? briefUtcDay : briefUtcDayAndYear).format(wholeDayOf(iso));
  return atTime((isNear ? briefDay : briefDayAndYear).format(new Date(iso)), iso);
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
  if (minutes < 60) return gettext("last seen {ago}", { ago: spanOf(-Math.max(1, minutes), "minute") });
  const days = daysAgo(new Date(iso));
  const time = timeOf(iso);
  if (days === 0) return gettext("last seen at {time}", { time });
  return days === 1 ? gettext("last seen yesterday at {time}", { time }) : gettext("last seen on {day} at {time}", { day: briefly(iso), time });
}
