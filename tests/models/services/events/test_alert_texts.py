"""What the alerts of an event say."""

from datetime import UTC, datetime, timedelta, timezone

from models.documents.event import Event
from models.languages.language import Language
from models.services.events.alert_texts import moved

AT = datetime(2026, 3, 12, tzinfo=UTC)


def dinner(date: datetime, *, has_time: bool) -> Event:
    return Event(1, 1, 1, "Dinner", date, AT, AT, is_time_specified=has_time)


def test_a_push_about_a_new_time_names_the_zone_and_one_about_a_day_none() -> None:
    at = datetime(2026, 3, 12, 20, tzinfo=timezone(timedelta(hours=-8)))
    english = Language.of("en")
    assert moved(english, dinner(at, has_time=True)) == "Dinner is now on 12 Mar 2026 at 20:00 (UTC-8)"
    assert moved(english, dinner(at.replace(hour=0), has_time=False)) == "Dinner is now on 12 Mar 2026"
