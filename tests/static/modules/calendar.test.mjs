// The days of a month, and the day of an event.

import assert from "node:assert/strict";
import { test } from "node:test";

import { byDay, dayOfEvent, monthOf, stepMonth, weeksOf } from "../../../static/js/calendar.js";
import { firstWeekday } from "../../../static/js/locale.js";

test("a month is whole weeks that begin with the first day of the reader's week", () => {
  const mondays = weeksOf("2031-05", 1);
  assert.deepEqual([mondays[0][0], mondays.at(-1).at(-1), mondays.length], ["2031-04-28", "2031-06-01", 5]);
  const sundays = weeksOf("2031-05", 7);
  assert.deepEqual([sundays[0][0], sundays.at(-1).at(-1)], ["2031-04-27", "2031-05-31"]);
  assert.equal(weeksOf("2027-02", 1).length, 4); // begins on a Monday, and has 28 days
  for (const first of [1, 6, 7]) {
    for (let month = "2028-01"; month < "2030-01"; month = stepMonth(month, 1)) {
      const days = weeksOf(month, first).flat();
      assert.equal(new Set(days).size, days.length);
      assert.equal(days.length % 7, 0);
      assert.equal(days.filter((day) => monthOf(day) === month).length, new Date(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5)), 0)).getUTCDate());
      assert.equal(new Date(days[0]).getUTCDay(), first % 7);
    }
  }
});

test("months go on over the end of a year", () => {
  assert.equal(stepMonth("2031-12", 1), "2032-01");
  assert.equal(stepMonth("2031-01", -1), "2030-12");
});

test("a week begins as where the reader is", () => {
  assert.equal(firstWeekday("de-DE"), 1);
  if (new Intl.Locale("en-US").getWeekInfo || new Intl.Locale("en-US").weekInfo) assert.equal(firstWeekday("en-US"), 7);
});

test("events lie on the day where the reader is, without a time on their own day and first", () => {
  const late = { id: 1, event_date: "2031-05-02T23:30:00Z", is_time_specified: true };
  const whole = { id: 2, event_date: "2031-05-02T00:00:00.000000+09:00", is_time_specified: false };
  const local = new Date(late.event_date);
  assert.equal(dayOfEvent(late), `2031-05-0${local.getDate()}`);
  assert.equal(dayOfEvent(whole), "2031-05-02");
  const noon = { id: 3, event_date: new Date(2031, 4, 2, 12).toISOString(), is_time_specified: true };
  assert.deepEqual(byDay([noon, whole]).get("2031-05-02").map(({ id }) => id), [2, 3]);
});
