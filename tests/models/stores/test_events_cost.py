"""A page of events costs what is on it, however many more there are."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from models.documents.event import Event, EventFilter, Invitation
from models.documents.phone import Phone
from models.documents.session import Actor
from models.services.events.timeline import GetTimeline, Place
from models.services.users.finding import ListUsers, UserDiscovery
from models.services.users.views import UserViews
from models.stores.accounts import Accounts
from models.stores.contacts import Contacts
from models.stores.counters import Counters
from models.stores.database import Database
from models.stores.event_lists import EventLists
from models.stores.event_rows import EVENTS, event_row
from models.stores.events import Events
from models.stores.phone_books import PhoneBooks
from tests.support.examined import examined
from tests.support.fakes import HandClock

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
ME, OTHER, STRANGER = 1, 2, 3
VIEWER = Actor(ME, "491", "session")
PAGE = 20


def an_event(number: int, owner: int, guests: tuple[int, ...], date: datetime) -> Event:
    invited = tuple(Invitation(number * 10 + one, one, Phone(f"+{one}", str(one)), NOW) for one in guests)
    return Event(number, number, owner, "Dinner", date, NOW, NOW, invitations=invited)


async def fill(database: Database, count: int) -> EventLists:
    """Half of them over, half to come; one half owned, the other invited to."""
    await Events(database, Counters(database)).prepare()
    rows = []
    for number in range(count):
        date = NOW + timedelta(days=number // 2 + 1) * (1 if number % 2 else -1)
        for owner, guest, first in ((ME, OTHER, 1), (OTHER, ME, count + 1)):
            rows.append(event_row(an_event(first + number, owner, (guest,), date)))
    await database.collection(EVENTS).insert_many(rows)
    return EventLists(database)


class NobodyBlocked:
    async def list_owners(self, _: Actor) -> Collection[int]:
        return ()


class SeesNobody:
    async def __call__(self, *_: object) -> Collection[int]:
        return ()


async def timeline(events: EventLists, *, is_owner: bool, cursor: datetime | None = None) -> int:
    show = GetTimeline(events, NobodyBlocked(), HandClock(NOW))
    page = await show(VIEWER, Place(cursor), is_owner=is_owner, limit=PAGE)
    return len(page)


ASKED: dict[str, Callable[[EventLists], Awaitable[int]]] = {
    "sent": lambda events: timeline(events, is_owner=True),
    "received": lambda events: timeline(events, is_owner=False),
    "sent, over": lambda events: timeline(events, is_owner=True, cursor=NOW - timedelta(days=3)),
    "received, to come": lambda events: timeline(events, is_owner=False, cursor=NOW + timedelta(days=3)),
}


@pytest.mark.parametrize("count", [100, 1000])
@pytest.mark.parametrize("asked", list(ASKED))
async def test_a_page_of_the_timeline_costs_what_is_on_it(database: Database, asked: str, count: int) -> None:
    events = await fill(database, count)

    async with examined(database) as cost:
        assert await ASKED[asked](events) == PAGE

    assert cost.rows <= 3 * PAGE
    assert cost.keys <= 4 * PAGE


@pytest.mark.parametrize("count", [100, 1000])
@pytest.mark.parametrize("is_owner", [True, False, None])
async def test_a_page_of_events_reads_the_events_on_it(database: Database, count: int, is_owner: bool | None) -> None:
    events = await fill(database, count)

    async with examined(database) as cost:
        total, page = await events.page(ME, EventFilter(is_owner=is_owner), 3 * PAGE, PAGE)

    assert (total, len(page)) == ((2 if is_owner is None else 1) * count, PAGE)
    assert cost.rows <= (2 if is_owner is not True else 1) * PAGE


@pytest.mark.parametrize("count", [100, 1000])
async def test_to_look_at_one_user_costs_the_same_however_many_events_i_have(database: Database, count: int) -> None:
    contacts, events = Contacts(database), await fill(database, count)
    await contacts.prepare()
    know = UserDiscovery(contacts, PhoneBooks(database), events, is_open=False)

    async with examined(database) as cost:
        assert await know.accounts_without_tie(VIEWER, [OTHER, ME]) == set()
        assert await know.accounts_without_tie(VIEWER, [STRANGER]) == {STRANGER}

    assert cost.rows <= 20


@pytest.mark.parametrize("count", [600, 6000])
async def test_to_list_the_people_i_know_reads_my_latest_events_once(database: Database, count: int) -> None:
    accounts = Accounts(database, Counters(database))
    contacts, events = Contacts(database), await fill(database, count)
    await contacts.prepare()
    know = UserDiscovery(contacts, PhoneBooks(database), events, is_open=False)
    users = ListUsers(accounts, know, UserViews(SeesNobody()))
    for number in ("491", "492"):
        await accounts.find_or_create(Phone(f"+{number}", number), NOW)
    await database.collection("accounts").update_many({}, {"$set": {"is_registered": True, "full_name": "Somebody"}})

    async with examined(database) as cost:
        page = await users(VIEWER, 1, PAGE)

    assert [seen.account.id for seen in page.items] == [ME, OTHER]
    assert cost.rows <= 2 * 500 + 20


async def test_a_guest_knows_another_guest_of_the_event_who_has_answered(database: Database) -> None:
    events = Events(database, Counters(database))
    await events.prepare()
    event = an_event(1, 9, (ME, OTHER, STRANGER), NOW)
    answered = tuple(replace(one, answer=True if one.account_id == OTHER else None) for one in event.invitations)
    await events.create(replace(event, invitations=answered))
    know = UserDiscovery(Contacts(database), PhoneBooks(database), EventLists(database), is_open=False)

    assert await know.accounts_without_tie(VIEWER, [OTHER]) == set()
    assert await know.accounts_without_tie(VIEWER, [STRANGER]) == {STRANGER}


async def test_who_has_invited_me_reads_no_event(database: Database) -> None:
    events = await fill(database, 300)

    async with examined(database) as cost:
        assert await events.list_inviters(ME) == [OTHER]

    assert cost.rows == 0


async def test_unanswered_invitations_are_counted_without_those_to_what_is_over(database: Database) -> None:
    events = await fill(database, 100)

    async with examined(database) as cost:
        assert await events.count_unanswered(ME, NOW) == 50

    assert cost.rows <= 50
