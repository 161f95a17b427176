// The days of a month in weeks, and events on their days. A day is a text like "2031-05-02", without a time zone.
//
//   weeksOf("2031-05", 1)            // [["2031-04-28", …, "2031-05-04"], …]: whole weeks that begin on a Monday
//   stepMonth("2031-12", 1)          // "2032-01"
//   dayOfEvent(event)                // the day where the viewer is; that of the event where it has no time

const DAY_MS = 86400000;
const two = (number) => String(number).padStart(2, "0");

export const dayIn = (date) => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
export const monthOf = (day) => day.slice(0, 7);

/** The weeks that have a day of a month; `firstWeekday` is 1 for Monday to 7 for Sunday. */
export function weeksOf(month, firstWeekday) {
  const first = Date.parse(`${month}-01T00:00:00Z`);
  const start = first - ((new Date(first).getUTCDay() - (firstWeekday % 7) + 7) % 7) * DAY_MS;
  const weeks = [];
  for (let day = start; day < Date.parse(`${stepMonth(month, 1)}-01T00:00:00Z`); day += 7 * DAY_MS) {
    weeks.push(Array.from({ length: 7 }, (_, place) => new Date(day + place * DAY_MS).toISOString().slice(0, 10)));
  }
  return weeks;
}

export function stepMonth(month, by) {
  const [year, number] = month.split("-").map(Number);
  return new Date(Date.UTC(year, number - 1 + by, 1)).toISOString().slice(0, 7);
}

export function dayOfEvent({ event_date: date, is_time_specified: hasTime }) {
  return hasTime ? dayIn(new Date(date)) : wholeDayOf(date).toISOString().slice(0, 10);
}

/** Events by their day, those of one day in their order; without a time first. */
export function byDay(events) {
  const days = new Map();
  const inOrder = [...events].sort((one, other) => one.is_time_specified - other.is_time_specified || Date.parse(one.event_date) - Date.parse(other.event_date) || one.id - other.id);
  for (const event of inOrder) {
    const day = dayOfEvent(event);
    if (!days.has(day)) days.set(day, []);
    days.get(day).push(event);
  }
  return new Map([...days].sort(([one], [other]) => (one < other ? -1 : 1)));
}

/**
 * The day that an event without a time is on, as midnight in UTC: the date that stands in a text with an offset, which is midnight where
 * it was made; else the nearest one to that midnight.
 */
export function wholeDayOf(iso) {
  if (!iso.endsWith("Z")) return new Date(`${iso.slice(0, 10)}T00:00:00Z`);
  return new Date(Math.floor((new Date(iso).getTime() + DAY_MS / 2) / DAY_MS) * DAY_MS);
}

/** The server writes an offset where a date is a day of that place: a poll of an event without a time, at its midnight. */
export const namesTime = (iso) => iso.endsWith("Z") || !iso.includes("T00:00:00.000000");
