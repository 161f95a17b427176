"""Rules about one event."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from models.documents.event import Event

AT = datetime(2026, 3, 12, tzinfo=UTC)


@pytest.mark.parametrize("hours", [-11, -8, 0, 5.5, 11.75])
def test_an_event_without_a_time_is_on_the_day_that_it_is_where_it_was_made(hours: float) -> None:
    midnight_there = datetime(2026, 3, 12, tzinfo=timezone(timedelta(hours=hours))).astimezone(UTC)
    event = Event(1, 1, 1, "Dinner", midnight_there, AT, AT, is_time_specified=False)
    assert event.day == AT
    assert replace(event, date=midnight_there + timedelta(days=1)).day == AT + timedelta(days=1)
