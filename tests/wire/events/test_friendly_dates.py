"""Dates in the words of people: the weeks start on Sunday, and what is past has no words."""

from datetime import UTC, datetime

import pytest

from handlers.wire.events.friendly_dates import friendly_date, full_date

WEDNESDAY = datetime(2016, 3, 9, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (5, ""),
        (6, "This Sun 08:05AM"),
        (12, "This Sat 08:05AM"),
        (13, "Next Sun Mar 13 08:05AM"),
        (19, "Next Sat Mar 19 08:05AM"),
        (20, "Sun Mar 20 08:05AM"),
    ],
)
def test_a_date_is_told_by_its_week(day: int, words: str) -> None:
    assert friendly_date(datetime(2016, 3, day, 8, 5, tzinfo=UTC), WEDNESDAY) == words


def test_the_afternoon_has_a_twelve_hour_clock() -> None:
    assert friendly_date(datetime(2016, 3, 12, 20, 30, tzinfo=UTC), WEDNESDAY) == "This Sat 08:30PM"


def test_a_week_goes_on_across_the_end_of_a_year() -> None:
    now = datetime(2026, 12, 31, tzinfo=UTC)
    assert friendly_date(datetime(2027, 1, 2, 9, tzinfo=UTC), now) == "This Sat 09:00AM"
    assert friendly_date(datetime(2027, 1, 3, 9, tzinfo=UTC), now) == "Next Sun Jan 03 09:00AM"


def test_without_a_time_only_the_day_is_named() -> None:
    saturday = datetime(2016, 3, 19, tzinfo=UTC)
    for day in (saturday, saturday.date()):
        assert friendly_date(day, WEDNESDAY, has_time=False) == "Next Sat Mar 19"
    assert full_date(saturday, has_time=False) == "Saturday, 19 March 2016"
    assert full_date(saturday) == "Saturday, 19 March 2016, 00:00"
