"""Events: every change of one is one step, whoever asks at the same moment."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from models.documents.event import (
    Answered,
    Canceled,
    Deleted,
    Edited,
    Event,
    EventFilter,
    Invitation,
    Invited,
    OutboxItem,
    Poll,
    PollPosted,
    Posted,
    PostedMessage,
    What,
    Withdrawn,
)
from models.documents.phone import Phone
from models.stores.counters import Counters
from models.stores.database import Database
from models.stores.event_lists import EventLists
from models.stores.events import Events

pytestmark = pytest.mark.parametrize("driver", ["pymongo", "motor"])
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
OWNER = 1


@pytest.fixture
async def events(database: Database) -> Events:
    store = Events(database, Counters(database))
    await store.prepare()
    return store


@pytest.fixture
def lists(database: Database) -> EventLists:
    return EventLists(database)


def item(what: What, by: int = OWNER, name: str = "i", at: datetime = NOW) -> OutboxItem:
    return OutboxItem(name, at, by, what)


def event(event_id: int = 1, *guests: int, **fields: object) -> Event:
    invitations = (Invitation(event_id * 1000 + guest, guest, Phone(f"+{guest}", str(guest)), NOW) for guest in guests)
    known: dict[str, object] = {
        "id": event_id,
        "chat_id": event_id,
        "owner_id": OWNER,
        "title": "Dinner",
        "date": NOW + DAY,
        "created_at": NOW,
        "modified_at": NOW,
        "invitations": tuple(invitations),
    }
    return Event(**known | fields)  # type: ignore[arg-type]


async def answers(events: Events, guest: int, *, answer: bool) -> Event | None:
    return await events.answer(1, guest, answer=answer, message=None, item=item(Answered(1, answer, None), guest))


class TestPlaces:
    async def test_of_a_hundred_who_say_yes_at_once_exactly_as_many_are_in_as_there_are_places(
        self, events: Events
    ) -> None:
        guests = range(2, 102)
        await events.create(event(1, *guests, total_spots=12, spots_filled=2))
        said = await asyncio.gather(*(answers(events, guest, answer=True) for guest in guests))
        assert sum(one is not None for one in said) == 10
        found = await events.find(1)
        assert found is not None
        assert (found.attendees_count, found.spots_left) == (10, 0)

    async def test_who_is_in_may_say_so_again_and_a_place_given_back_can_be_had(self, events: Events) -> None:
        await events.create(event(1, 2, 3, total_spots=1))
        assert await answers(events, 2, answer=True)
        assert await answers(events, 2, answer=True)
        assert await answers(events, 3, answer=True) is None
        assert await answers(events, 2, answer=False)
        assert await answers(events, 3, answer=True)

    async def test_places_are_not_taken_from_those_who_have_them(self, events: Events) -> None:
        await events.create(event(1, 2, 3, total_spots=5))
        await answers(events, 2, answer=True)
        await answers(events, 3, answer=True)
        for fields in ({"total_spots": 1}, {"spots_filled": 4}):
            changed = event(1, 2, 3, **{"total_spots": 5} | fields)
            assert await events.edit(changed, list(fields), item(Answered(1, True, None))) is None
        changed = event(1, 2, 3, total_spots=2)
        edited = await events.edit(changed, ["total_spots"], item(Answered(1, True, None)))
        assert edited is not None
        assert (edited.spots_left, edited.revision) == (0, 1)


async def test_a_step_and_what_it_makes_known_are_stored_together_until_it_is_told(events: Events) -> None:
    await events.create(event(1, 2))
    await events.post(1, PostedMessage(7, 2), item(Posted(7, "Hello"), 2, "told later"), 3)
    assert [one.id for one in await events.list_untold(NOW + DAY)] == [1]
    assert await events.list_untold(NOW) == []
    await events.settle(1, "told later")
    assert await events.list_untold(NOW + DAY) == []


async def test_limits_hold_for_each_person_also_at_once(events: Events) -> None:
    await events.create(event(1, 2, 3))
    posts = (
        events.post(1, PostedMessage(number, guest), item(Posted(number, "x"), guest, f"{number}"), 3)
        for number, guest in enumerate([2] * 10 + [3] * 2)
    )
    assert sum(one is not None for one in await asyncio.gather(*posts)) == 5
    first, again = Poll(1, 2, NOW + DAY, "here"), Poll(2, 3, NOW + DAY, "here")
    assert await events.add_poll(1, first, item(Posted(1, "")), 3)
    assert await events.add_poll(1, again, item(Posted(1, "")), 3) is None


async def test_nobody_is_invited_twice(events: Events) -> None:
    await events.create(event(1, 2))
    more = event(1, 3).invitations
    both = (events.invite(1, more, item(Invited((1,))), 10) for _ in range(2))
    assert sum(one is not None for one in await asyncio.gather(*both)) == 1
    assert await events.invite(1, event(1, 4, 5).invitations, item(Invited((1,))), 3) is None


async def test_an_event_is_stored_as_it_is_to_the_microsecond(events: Events) -> None:
    date = datetime(2015, 8, 5, 11, 38, 51, 36976, tzinfo=UTC)
    location = {"latitude": 23.8, "longitude": 89, "$odd.name": [{"a": None}], "": {}}
    whole = event(1, 2, 3, date=date, location=location, address="568 Broadway,\nNew York", is_time_specified=False)
    await events.create(whole)
    assert await events.find(1) == whole


async def test_lists_and_counts_are_of_what_somebody_owns_or_is_invited_to(events: Events, lists: EventLists) -> None:
    await events.create(event(1, 2, date=NOW + DAY))
    await events.create(event(2, 3, date=NOW - DAY))
    await events.create(event(3, 1, date=NOW + 2 * DAY, owner_id=2))
    await events.create(event(4, 1, date=NOW + 3 * DAY, owner_id=5, is_deleted=True))
    count, page = await lists.page(1, EventFilter(), 0, 30)
    assert (count, [one.id for one in page]) == (3, [3, 1, 2])
    assert [one.id for one in (await lists.page(1, EventFilter(is_owner=False), 0, 30))[1]] == [3]
    assert [one.id for one in (await lists.page(1, EventFilter(after=NOW + DAY), 0, 30))[1]] == [3]
    assert [one.id for one in (await lists.page(1, EventFilter(before=NOW), 0, 30))[1]] == [2]
    assert await lists.count_unanswered(2, NOW) == 1
    assert await lists.list_inviters(1) == [2]
    assert [one.id for one in await lists.list_upcoming(1, is_owner=True, now=NOW, after=None, limit=9)] == [1]


async def test_a_reminder_is_claimed_once(events: Events) -> None:
    await events.create(event(1, 2))
    assert await events.list_due(NOW, NOW + 2 * DAY, 10) == [(1, OWNER)]
    claims = (events.remind(1, item(Posted(1, ""))) for _ in range(5))
    assert sum(one is not None for one in await asyncio.gather(*claims)) == 1
    assert await events.list_due(NOW, NOW + 2 * DAY, 10) == []


class TestTelling:
    async def test_an_item_says_how_many_places_its_step_took(self, events: Events) -> None:
        await events.create(event(1, 2, 3, total_spots=2))

        async def said(guest: int, *, answer: bool) -> OutboxItem:
            after = await answers(events, guest, answer=answer)
            assert after is not None
            return after.outbox[-1]

        steps = [await said(2, answer=True), await said(2, answer=True), await said(3, answer=True)]
        assert [(one.left_before, one.left, one.took_place) for one in steps] == [
            (2, 1, True),
            (1, 1, False),
            (1, 0, True),
        ]
        back = await said(2, answer=False)
        assert (back.left_before, back.left, back.took_place) == (0, 1, False)
        found = await events.find(1)
        assert found is not None
        assert found.outbox[:3] == tuple(steps)
        more = await events.edit(event(1, 2, 3, total_spots=9), ["total_spots"], item(Edited(("total_spots",))))
        assert more is not None
        assert (more.outbox[-1].left_before, more.outbox[-1].left) == (1, 8)

    async def test_words_that_look_like_the_database_s_own_stay_words(self, events: Events) -> None:
        await events.create(event(1, 2, total_spots=2))
        words = "$total_spots"
        step = item(Answered(1002, True, words), 2, "$$ROOT")
        await events.answer(1, 2, answer=True, message=words, item=step)
        renamed = event(1, 2, title=words, location={"$set": "$date"})
        edited = await events.edit(renamed, ["title", "location"], item(Edited(("title",))))
        assert edited is not None
        assert (edited.title, edited.location, edited.invitations[0].message) == (words, {"$set": "$date"}, words)
        assert (edited.outbox[0].id, edited.outbox[0].what) == ("$$ROOT", step.what)

    async def test_every_change_makes_a_higher_version(self, events: Events) -> None:
        await events.create(event(1, 2, total_spots=2))
        changed = [
            await answers(events, 2, answer=True),
            await events.mark_seen(1, 1002),
            await events.edit(event(1, 2, title="Lunch"), ["title"], item(Edited(("title",)))),
            await events.add_poll(1, Poll(1, 2, NOW), item(PollPosted(1)), 3),
            await events.cancel(1, item(Canceled())),
        ]
        assert [one and one.version for one in changed] == [1, 2, 3, 4, 5]

    async def test_what_somebody_answered_can_be_taken_back_and_the_place_is_free(
        self, events: Events, lists: EventLists
    ) -> None:
        await events.create(event(1, 2, 3, total_spots=1))
        assert await lists.list_invitations(2) == [(1, 1002)]
        assert await events.withdraw(1, 2, item(Withdrawn(1002), 2)) is None, "there is nothing to take back"
        await answers(events, 2, answer=True)
        withdrawn = await events.withdraw(1, 2, item(Withdrawn(1002), 2))
        assert withdrawn is not None
        assert withdrawn.find_invitation(2) == event(1, 2).invitations[0]
        assert await answers(events, 3, answer=True)

    async def test_a_deleted_event_goes_when_all_of_it_is_told(self, events: Events, lists: EventLists) -> None:
        await events.create(event(1, 2))
        assert await lists.list_owned(OWNER) == [1]
        await events.post(1, PostedMessage(7, 2), item(Posted(7, "Hello"), 2, "first"), 3)
        await events.delete(1, item(Deleted(), name="last"))
        assert await lists.list_owned(OWNER) == []
        assert await lists.list_invitations(2) == []
        assert not await events.settle(1, "last")
        await events.remove(1)
        assert await events.find(1) is not None
        assert await events.settle(1, "first")
        await events.remove(1)
        assert await events.find(1) is None
        assert not await events.settle(1, "first")
