"""The timeline: walked to its end by the date of the last event, whatever the dates (docs/events-api.md, "Timeline")."""

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.documents.event import Event, Invitation
from models.documents.phone import Phone
from models.stores.event_rows import event_row
from tests.rest.events.fixture import Fixture, in_hours, iso
from tests.support.node import Person

HOUR = timedelta(hours=1)


async def put(fixture: Fixture, owner: Person, guest: Person, events: list[tuple[datetime, bool]]) -> list[int]:
    """Events with these dates, with a time of day or without one, put where creating them would have put them; their ids."""
    made = datetime(2026, 1, 1, tzinfo=UTC)
    first = (await fixture.events.next_ids("events", len(events)))[0]
    invitation = Invitation(first, guest.account_id, Phone("+" + guest.number, guest.number), made)
    rows = [
        event_row(
            Event(
                event_id,
                -event_id,  # no chat has this id, and none is needed here
                owner.account_id,
                "Dinner",
                date,
                made,
                made,
                is_time_specified=is_time_specified,
                invitations=[replace(invitation, id=event_id)],
            )
        )
        for event_id, (date, is_time_specified) in enumerate(events, start=first)
    ]
    await fixture.database.raw["events"].insert_many(rows)
    return [row["_id"] for row in rows]


async def walk(fixture: Fixture, who: Person, **query: Any) -> list[list[dict[str, Any]]]:
    """All pages, each asked for by the date of the last event of the one before."""
    pages: list[list[dict[str, Any]]] = []
    cursor: dict[str, str] = {}
    while True:
        status, page = await fixture.ask(who, "GET", "/events/timeline", params={**query, **cursor})
        assert status == 200, page
        if not page:
            return pages
        pages.append(page)
        assert len(pages) < 400, "it goes round in circles"
        cursor = {"cursor": page[-1]["event_date"]}


def in_order(events: list[tuple[int, datetime, bool]], now: datetime) -> list[int]:
    """Returns the ids in their documented order: what is not over by date ascending, then the rest descending, ties newest first."""

    def is_over(date: datetime, is_time_specified: bool) -> bool:
        return date + (2 * HOUR if is_time_specified else 12 * HOUR) <= now

    upcoming = [one for one in events if not is_over(one[1], one[2])]
    expired = [one for one in events if is_over(one[1], one[2])]
    upcoming.sort(key=lambda one: (one[1], -one[0]))
    expired.sort(key=lambda one: (-one[1].timestamp(), -one[0]))
    return [one[0] for one in upcoming + expired]


class TestWalking:
    @pytest.mark.parametrize(("per_page", "kind"), [(2, "sent"), (7, "received"), (30, "sent"), (1000, "RECEIVED")])
    async def test_it_is_walked_to_its_end_over_200_events_with_equal_dates_each_exactly_once(
        self, fixture: Fixture, per_page: int, kind: str
    ) -> None:
        ann, tom = await fixture.people(2)
        now = datetime.now(UTC)
        dice = random.Random(per_page)
        # Nothing within minutes of where it stops to be upcoming: that would move while the test walks.
        hours = [hour for hour in range(-80, 80) if hour not in (-12, -2)]
        dates = [now + dice.choice(hours) * HOUR + timedelta(microseconds=dice.choice((0, 0, 1))) for _ in range(140)]
        dates += [now - 11.5 * HOUR, now - 6 * HOUR, now - 3 * HOUR] * 6  # between 2 and 12 hours old, and many
        dates += [dice.choice(dates) for _ in range(200 - len(dates))]
        events = [(date, dice.random() < 0.7) for date in dates]
        ids = await put(fixture, ann, tom, events)
        expected = in_order([(event_id, *one) for event_id, one in zip(ids, events, strict=True)], now)
        pages = await walk(fixture, ann if kind == "sent" else tom, type=kind, per_page=per_page)
        walked = [event["id"] for page in pages for event in page]
        assert max(Counter(walked).values()) == 1
        assert walked == expected
        assert await walk(fixture, ann, type="received") == await walk(fixture, tom, type="sent") == []

    @pytest.mark.parametrize("hours", [-11, -6, -3])
    async def test_what_has_no_time_and_began_hours_ago_hides_nothing_behind_it(
        self, fixture: Fixture, hours: int
    ) -> None:
        ann, tom = await fixture.people(2)
        now = datetime.now(UTC)
        events = [(now + hours * HOUR, False)] * 5 + [(now + hours * HOUR, True)] * 2
        events += [(now + HOUR, True), (now + 2 * HOUR, True), (now - 100 * HOUR, True), (now - 2.5 * HOUR, True)]
        ids = await put(fixture, ann, tom, events)
        expected = in_order([(event_id, *one) for event_id, one in zip(ids, events, strict=True)], now)
        for per_page in (1, 2, 5, 6):
            pages = await walk(fixture, ann, type="sent", per_page=per_page)
            assert [event["id"] for page in pages for event in page] == expected, per_page

    async def test_a_page_that_such_events_fill_does_not_hide_what_is_over_since_later(self, fixture: Fixture) -> None:
        ann, tom = await fixture.people(2)
        now = datetime.now(UTC)
        events = [(now - 6 * HOUR, False)] * 5 + [(now - 3 * HOUR, True)] * 2 + [(now - 9 * HOUR, True)]
        ids = await put(fixture, ann, tom, events)
        pages = await walk(fixture, ann, type="sent", per_page=2)
        assert [len(page) for page in pages] == [7, 1]
        assert [event["id"] for page in pages for event in page] == [*ids[4::-1], *ids[6:4:-1], ids[7]]

    async def test_only_what_has_no_time_and_began_hours_ago(self, fixture: Fixture) -> None:
        ann, tom = await fixture.people(2)
        ids = await put(fixture, ann, tom, [(datetime.now(UTC) - 6 * HOUR, False)] * 3)
        pages = await walk(fixture, ann, type="sent", per_page=2)
        assert [[event["id"] for event in page] for page in pages] == [ids[::-1]]


async def test_one_own_event_in_an_hour_is_one_item_and_behind_its_date_there_is_none(fixture: Fixture) -> None:
    ann = await fixture.person()
    await fixture.create(ann, event_date=in_hours(1))
    _, page = await fixture.ask(ann, "GET", "/events/timeline?type=sent")
    (event,) = page
    assert await fixture.ask(
        ann, "GET", "/events/timeline", params={"type": "sent", "cursor": event["event_date"]}
    ) == (
        200,
        [],
    )
    assert await fixture.ask(ann, "GET", "/events/timeline?type=received") == (200, [])


async def test_a_page_is_a_bare_array_of_at_most_30_unless_one_date_has_more(fixture: Fixture) -> None:
    ann, tom = await fixture.people(2)
    now = datetime.now(UTC)
    await put(fixture, ann, tom, [(now + hour * HOUR, True) for hour in range(1, 40)])
    for size in ("", "bla", "0", "-3", "2.5"):
        _, page = await fixture.ask(ann, "GET", "/events/timeline", params={"type": "sent", "per_page": size})
        assert len(page) == 30, size
    await put(fixture, ann, tom, [(now + HOUR, True)] * 50)
    _, page = await fixture.ask(ann, "GET", "/events/timeline?type=sent&per_page=3")
    assert len(page) == 51


async def test_cancelled_events_and_cursors_in_unix_seconds_are_fine_and_what_is_no_date_is_none(
    fixture: Fixture,
) -> None:
    ann = await fixture.person()
    event = await fixture.create(ann, event_date="2031-01-01T00:00:00Z")
    await fixture.create(ann, event_date="2031-01-01T00:00:00.000001Z")
    await fixture.ask(ann, "PUT", f"/events/{event['id']}/cancel_event")
    for cursor, count in (("1924991999", 2), ("1924992000", 1), ("1924992000.000001", 0), ("bla", 2), ("", 2)):
        _, page = await fixture.ask(ann, "GET", "/events/timeline", params={"type": "Sent", "cursor": cursor})
        assert len(page) == count, cursor


async def test_with_exclude_ids_the_date_itself_is_shown_again_without_those(fixture: Fixture) -> None:
    ann, tom = await fixture.people(2)
    date = datetime(2020, 1, 1, tzinfo=UTC)
    first, second, third, older = await put(fixture, ann, tom, [(date, True)] * 3 + [(date - HOUR, True)])

    async def ids(**query: str) -> list[int]:
        _, page = await fixture.ask(
            ann, "GET", "/events/timeline", params={"type": "sent", "cursor": iso(date), **query}
        )
        return [event["id"] for event in page]

    assert await ids() == [older], "strictly before"
    assert await ids(exclude_ids=f"{third}|bla|{second}|{'9' * 30}|") == [first, older]
    assert await ids(exclude_ids="|") == [older], "nothing is excluded"


@pytest.mark.parametrize("query", ["", "?type=", "?type=mine", "?type=sent,received"])
async def test_without_a_type_it_is_refused_in_the_generic_body(fixture: Fixture, query: str) -> None:
    status, shown = await fixture.ask(await fixture.person(), "GET", f"/events/timeline{query}")
    assert (status, shown.keys()) == (400, {"_error_message", "_error_type"})
