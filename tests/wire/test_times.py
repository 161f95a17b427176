"""The one reader of dates: what clients send is read as it was meant, and everything else is refused as what it is."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.wire.events.fields import find_instant
from handlers.wire.times import (
    InstantOutOfRange,
    NotAnInstant,
    OffsetOutOfRange,
    read_date,
    read_instant,
    show_date,
    show_event_date,
    show_offset,
    show_time,
)
from models.errors import Malformed

DAY = datetime(2027, 1, 10, tzinfo=UTC)
MINUTES = st.integers(-14 * 60, 14 * 60)
INSTANTS = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 (the zone is added)


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("2027-01-10T00:00:00+13:00", "2027-01-10T00:00:00+13:00"),
        ("2027-01-10T00:00:00 13:00", "2027-01-10T00:00:00+13:00"),  # of a query, with its plus unescaped
        ("2027-01-10 00:00:00 1300", "2027-01-10T00:00:00+13:00"),
        ("2027-01-10T00:00 13", "2027-01-10T00:00:00+13:00"),
        ("2014-10-15 12:51:40 +0000", "2014-10-15T12:51:40+00:00"),
        ("2014-03-12T12:30+5:30", "2014-03-12T12:30:00+05:30"),
        ("2014-03-12T12:30\u22127:30", "2014-03-12T12:30:00-07:30"),
        ("2027-01-10T12:00:00-00:00", "2027-01-10T12:00:00+00:00"),
        ("2027-01-10t12:00:00z", "2027-01-10T12:00:00+00:00"),
        ("2027-01-10T12:00:00.1Z", "2027-01-10T12:00:00.100000+00:00"),
        ("2027-01-10T12:00:00,1234567Z", "2027-01-10T12:00:00.123456+00:00"),
        ("2027-01-10T12:00:00.123456789Z", "2027-01-10T12:00:00.123456+00:00"),
        ("20270110T120000.5+0100", "2027-01-10T12:00:00.500000+01:00"),
        ("2027-W01-7T12:00", "2027-01-10T12:00:00+00:00"),
        ("2027-01-10T24:00:00+01:00", "2027-01-11T00:00:00+01:00"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00+00:00"),
        ("2027-01-10", "2027-01-10T00:00:00+00:00"),
        ("٢٠٢٧-٠١-١٠T١٢:٠٠:٠٠+٠٣:٠٠", "2027-01-10T12:00:00+03:00"),
        ("1415101887", "2014-11-04T11:51:27+00:00"),
        ("1415101887.25", "2014-11-04T11:51:27.250000+00:00"),
        (1415101887.25, "2014-11-04T11:51:27.250000+00:00"),
        (1415101887, "2014-11-04T11:51:27+00:00"),
        ("-1.5", "1969-12-31T23:59:58.500000+00:00"),
        ("2015", "1970-01-01T00:33:35+00:00"),
    ],
)
def test_what_devices_send_is_read_by_both_apis_with_the_offset_that_it_has(sent: object, shown: str) -> None:
    assert read_instant(sent).isoformat() == shown
    assert find_instant(sent) == read_date(sent, "after") == datetime.fromisoformat(shown)


@pytest.mark.parametrize(
    "sent",
    ["", "tomorrow", "2027-13-45T00:00:00Z", "2027-02-30T10:00", "2027-01-10T25:00", "2027-01-10T24:00:01",
     "2027-01-10T12:00:61", "2027-01-10T12:00+01:60", "2027-01-10T12:00:00.", "2027-1-1T10:00", "2027-01-10T12:00 PM",
     "+012027-01-10T12:00Z", "9" * 300, "1e9", float("nan"), float("inf"), True, None, ["2027-01-10"], {}],
)  # fmt: skip
def test_what_is_no_date_is_refused_as_such(sent: object) -> None:
    with pytest.raises(NotAnInstant):
        read_instant(sent)
    assert find_instant(sent) is None


@pytest.mark.parametrize(
    "sent", ["0001-01-01T00:00+14:00", "9999-12-31T24:00", "9999-12-31T23:59-01:00", 2**90, 10**14]
)
def test_what_no_calendar_here_holds_is_out_of_range(sent: object) -> None:
    with pytest.raises(InstantOutOfRange):
        read_instant(sent)
    with pytest.raises(Malformed, match="from 1 to 9999"):
        read_date(sent, "after")


@pytest.mark.parametrize("offset", ["+14:01", "-14:01", "+15:00", "+99:59", " 15:00"])
def test_an_offset_that_no_place_has_is_named(offset: str) -> None:
    with pytest.raises(OffsetOutOfRange):
        read_instant(f"2027-01-10T12:00:00{offset}")
    with pytest.raises(Malformed, match="more than 14 hours"):
        read_date(f"2027-01-10T12:00:00{offset}", "after")


@given(INSTANTS, MINUTES)
def test_what_is_shown_is_read_as_the_same_instant_and_a_day_with_its_offset(at: datetime, minutes: int) -> None:
    there = at.astimezone(timezone(timedelta(minutes=minutes)))
    for shown in (show_time(there), there.isoformat(), there.isoformat().replace("+", " ")):
        assert read_instant(shown) == at
    again = read_instant(show_event_date(there, has_time=False))
    assert (again, again.utcoffset(), show_offset(again)) == (at, there.utcoffset(), show_offset(there))
    assert read_instant(show_date(there)) == at.replace(microsecond=0)


@given(INSTANTS, MINUTES)
def test_every_time_of_an_api_has_the_same_form(at: datetime, minutes: int) -> None:
    there = at.astimezone(timezone(timedelta(minutes=minutes)))
    assert len(show_time(there)) == len("2016-06-06T10:00:00.000000Z")
    assert len(show_date(there)) == len("2016-06-06T10:00:00")


@given(st.text(max_size=40) | st.from_regex(r"[0-9TZ:. +-]{0,40}", fullmatch=True))
def test_any_other_text_is_read_or_refused_and_never_a_fault(text: str) -> None:
    try:
        assert read_instant(text).tzinfo is not None
    except (NotAnInstant, InstantOutOfRange):
        assert find_instant(text) is None


def test_a_day_without_an_offset_is_shown_in_utc() -> None:
    assert show_event_date(DAY, has_time=False) == show_event_date(DAY, has_time=True) == "2027-01-10T00:00:00.000000Z"
