"""Reminders: a day before, to those who come, once, from whatever node and whatever ends it in the middle."""

import asyncio

import pytest

from models.documents.account import Account
from tests.support.event_fixture import Broken, EventFixture

REMINDER = "reminder"
ALERT = "Dinner is a day away"


@pytest.fixture
async def ann(events_fixture: EventFixture) -> Account:
    return await events_fixture.register("+4930100001")


@pytest.fixture
async def tom(events_fixture: EventFixture) -> Account:
    return await events_fixture.register("+4930200001")


@pytest.mark.parametrize(("in_hours", "is_due"), [(23, False), (24, True), (25, True), (26, False), (27, False)])
async def test_it_is_sent_for_events_between_24_and_26_hours_ahead_and_a_second_run_sends_nothing(
    events_fixture: EventFixture, ann: Account, tom: Account, in_hours: int, is_due: bool
) -> None:
    event = await events_fixture.create(ann, tom, in_hours=in_hours)
    await events_fixture.answer(event, tom, True)
    told = [(tom.id, ALERT)] if is_due else []
    for _ in range(2):
        await events_fixture.node.remind()
        assert await events_fixture.pushes(REMINDER) == told


async def test_it_goes_to_those_who_come_and_want_it_and_never_to_the_owner(
    events_fixture: EventFixture, ann: Account, tom: Account
) -> None:
    mute = await events_fixture.register("+4930200002", **{"notify.upcoming_event": False})
    absent = await events_fixture.register("+4930200003")
    silent = await events_fixture.register("+4930200004")
    stranger = await events_fixture.register("+4930200005", is_registered=False)
    event = await events_fixture.create(ann, tom, mute, absent, silent, stranger, ann, in_hours=25)
    for guest in (tom, mute, stranger, ann):
        await events_fixture.answer(event, guest, True)
    await events_fixture.answer(event, absent, False)
    assert await events_fixture.node.remind() == 1
    assert await events_fixture.pushes(REMINDER) == [(tom.id, ALERT)]


async def test_an_event_without_anybody_to_remind_counts_as_reminded_of(
    events_fixture: EventFixture, ann: Account, tom: Account
) -> None:
    event = await events_fixture.create(ann, tom, in_hours=25)
    assert await events_fixture.node.remind() == 1
    await events_fixture.answer(event, tom, True)
    event = await events_fixture.edit(await events_fixture.find(event), date=event.date)
    assert await events_fixture.node.remind() == 0
    assert await events_fixture.pushes(REMINDER) == []


async def test_a_canceled_and_a_deleted_event_are_reminded_of_by_nobody(
    events_fixture: EventFixture, ann: Account, tom: Account
) -> None:
    for end in (events_fixture.cancel, events_fixture.delete):
        event = await events_fixture.create(ann, tom, in_hours=25)
        await events_fixture.answer(event, tom, True)
        await end(event)
    assert await events_fixture.node.remind() == 0
    event = await events_fixture.create(ann, tom, in_hours=25)
    event = await events_fixture.answer(event, tom, True)
    dying = await events_fixture.start_node(before=[Broken()])
    assert await dying.remind() == 1
    await events_fixture.cancel(event)
    events_fixture.clock.move(minutes=1)
    await events_fixture.node.tell.sweep()
    assert await events_fixture.pushes(REMINDER) == []


async def test_two_nodes_at_once_send_one_push_each(events_fixture: EventFixture, ann: Account, tom: Account) -> None:
    events = [await events_fixture.create(ann, tom, in_hours=25, title=f"Event {n}") for n in range(5)]
    for event in events:
        await events_fixture.answer(event, tom, True)
    other = await events_fixture.start_node()
    assert sum(await asyncio.gather(events_fixture.node.remind(), other.remind())) == 5
    assert sorted(await events_fixture.pushes(REMINDER)) == [(tom.id, f"Event {n} is a day away") for n in range(5)]


@pytest.mark.parametrize("ends", ["before", "behind"])
async def test_a_crash_in_the_middle_delays_it_and_doubles_nothing(
    events_fixture: EventFixture, ann: Account, tom: Account, ends: str
) -> None:
    event = await events_fixture.create(ann, tom, in_hours=25)
    await events_fixture.answer(event, tom, True)
    dying = await events_fixture.start_node(before=[Broken()] if ends == "before" else [], behind=[Broken()])
    assert await dying.remind() == 1
    assert len(await events_fixture.pushes(REMINDER)) == (ends == "behind")
    assert await events_fixture.node.remind() == 0
    assert await events_fixture.node.tell.sweep() == 0, "whoever claimed it is given some seconds"
    events_fixture.clock.move(minutes=1)
    nodes = [events_fixture.node, await events_fixture.start_node()]
    assert sum(await asyncio.gather(*(node.tell.sweep() for node in nodes))) >= 1
    assert await events_fixture.pushes(REMINDER) == [(tom.id, ALERT)]
    assert (await events_fixture.find(event)).outbox == ()


async def test_more_events_than_one_look_takes_are_all_reminded_of(
    events_fixture: EventFixture, ann: Account, tom: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.services.events.reminders.AT_ONCE", 2)
    for _ in range(5):
        await events_fixture.answer(await events_fixture.create(ann, tom, in_hours=25), tom, True)
    assert await events_fixture.node.remind() == 5
    assert len(await events_fixture.pushes(REMINDER)) == 5
