"""Rules about one event."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta, timezone

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from models.documents.event import Event

AT = datetime(2026, 3, 12, tzinfo=UTC)


def untimed(date: datetime) -> Event:
    return Event(1, 1, 1, "Dinner", date, AT, AT, is_time_specified=False)


@pytest.mark.parametrize("hours", [-11, -8, 0, 5.5, 11.75])
def test_a_day_of_which_only_the_instant_is_known_is_the_one_of_the_nearest_midnight(hours: float) -> None:
    midnight_there = datetime(2026, 3, 12, tzinfo=timezone(timedelta(hours=hours))).astimezone(UTC)
    event = untimed(midnight_there)
    assert event.day == AT.date()
    assert replace(event, date=midnight_there + timedelta(days=1)).day == AT.date() + timedelta(days=1)


@given(st.integers(-14 * 60, 14 * 60), st.times())
def test_a_day_with_an_offset_is_the_one_that_was_sent_whatever_the_hour(minutes: int, hour: time) -> None:
    assume(minutes != 0)
    event = untimed(datetime.combine(AT.date(), hour, timezone(timedelta(minutes=minutes))))
    assert event.day == AT.date()


@pytest.mark.parametrize(
    ("minutes", "zone"),
    [(0, "UTC"), (-420, "UTC-7"), (780, "UTC+13"), (330, "UTC+5:30"), (-210, "UTC-3:30"), (-30, "UTC-0:30")],
)
def test_a_zone_is_told_in_words_of_people(minutes: int, zone: str) -> None:
    assert untimed(AT.astimezone(timezone(timedelta(minutes=minutes)))).zone == zone
