"""Pushes and texts about events: each trigger of the table (docs/events-api.md, "Pushes"), its flag, and nobody told what is no longer so."""

import asyncio
import re
from collections.abc import Collection
from datetime import timedelta
from typing import Any

import pytest

from models.documents.account import Account
from models.documents.event import Event
from models.services.events.invitation_texts import SweepInvitationTokens
from tests.support.event_fixture import TEMPLATES, URL, Broken, EventFixture

RSVP, CHANGE, INVITE = "rsvp", "change", "invite"


@pytest.fixture
async def ann(events_fixture: EventFixture) -> Account:
    return await events_fixture.register("+4930100001", full_name="Ann Owner")


@pytest.fixture
async def guests(events_fixture: EventFixture) -> list[Account]:
    return [await events_fixture.register(f"+493020000{n}", full_name=f"Guest Number{n}") for n in range(4)]


def flag(name: str) -> dict[str, bool]:
    return {f"notify.{name}": False}


class TestInvitations:
    async def test_whoever_has_the_app_is_pushed_to_and_who_has_not_is_texted_a_link(
        self, events_fixture: EventFixture, ann: Account, guests: list[Account]
    ) -> None:
        stranger = await events_fixture.register("+49 30 300 001", is_registered=False)
        event = await events_fixture.create(ann, guests[0], stranger, title="Picnic")
        assert await events_fixture.pushes() == [(guests[0].id, "Ann Owner invites you to Picnic")]
        ((number, body),) = await events_fixture.texts()
        assert number == "+4930300001"
        (link,) = re.findall(r"https://\S+", body)
        assert link.startswith(f"{URL}/invitation?token=")
        token = await events_fixture.tokens.find(link.partition("=")[2])
        assert token is not None
        assert (token.event_id, token.account_id) == (event.id, stranger.id)
        assert any(
            body == template.format(organizer="Ann Owner", event_title="Picnic", event_link=link)
            for template in TEMPLATES
        )

    async def test_the_push_names_event_and_type(
        self, events_fixture: EventFixture, ann: Account, guests: list[Account]
    ) -> None:
        event = await events_fixture.create(ann, guests[0])
        (row,) = await events_fixture.database.collection("notifications").find({}).to_list(None)
        assert row["type"] == INVITE
        assert dict(row["data"]) == {"event_id": event.id, "title": "Dinner"}

    async def test_more_invitees_are_told_and_those_of_before_not_again(
        self, events_fixture: EventFixture, ann: Account, guests: list[Account]
    ) -> None:
        event = await events_fixture.create(ann, guests[0])
        await events_fixture.forget_pushes()
        await events_fixture.invite(event, guests[1])
        assert [account for account, _ in await events_fixture.pushes(INVITE)] == [guests[1].id]

    async def test_who_does_not_want_it_and_who_blocked_the_owner_is_not_told(
        self, events_fixture: EventFixture, ann: Account
    ) -> None:
        mute = await events_fixture.register("+4930200010", **flag("new_invite"))
        hostile = await events_fixture.register("+4930200011", blocked=[ann.number])
        unproved = await events_fixture.register("+4930200012", is_registered=False, blocked=[ann.number])
        await events_fixture.create(ann, mute, hostile, unproved)
        assert await events_fixture.pushes() == []
        assert await events_fixture.texts() == []

    async def test_nobody_is_texted_of_what_is_over_or_does_not_take_place(
        self, events_fixture: EventFixture, ann: Account, guests: list[Account]
    ) -> None:
        strangers = [await events_fixture.register(f"+493030000{n}", is_registered=False) for n in range(3)]
        await events_fixture.create(ann, strangers[0], in_hours=-3)
        canceled = await events_fixture.cancel(await events_fixture.create(ann))
        deleted = await events_fixture.create(ann)
        broken = await events_fixture.start_node(before=[Broken()])
        await events_fixture.invite(deleted, strangers[2], node=broken)
        await events_fixture.delete(deleted)
        await events_fixture.invite(canceled, strangers[1], guests[0])
        events_fixture.clock.move(minutes=1)
        await events_fixture.node.tell.sweep()
        assert await events_fixture.texts() == []
        assert await events_fixture.pushes(INVITE) == []
        assert await events_fixture.events.find(deleted.id) is None, "and with the last of it told, the event is gone"

    async def test_told_twice_and_on_two_nodes_at_once_it_is_one_text_with_one_link(
        self, events_fixture: EventFixture, ann: Account, guests: list[Account]
    ) -> None:
        stranger = await events_fixture.register("+4930300001", is_registered=False)
        event = await events_fixture.create(ann)
        dying = await events_fixture.start_node(behind=[Broken()])
        await events_fixture.invite(event, stranger, guests[0], node=dying)
        queued = await events_fixture.texts(), await events_fixture.pushes()
        events_fixture.clock.move(minutes=1)
        nodes = [await events_fixture.start_node() for _ in range(2)]
        await asyncio.gather(*(node.tell.sweep() for node in nodes))
        assert (await events_fixture.texts(), await events_fixture.pushes()) == queued
        assert len(queued[0]) == len(queued[1]) == 1
        assert await events_fixture.database.collection("invitation_tokens").count_documents({}) == 1
        assert (await events_fixture.find(event)).outbox == ()

    async def test_a_link_that_was_made_while_its_event_was_deleted_is_swept_away_and_no_other(
        self, events_fixture: EventFixture, ann: Account
    ) -> None:
        stranger = await events_fixture.register("+4930300001", is_registered=False)
        kept = await events_fixture.create(ann, stranger)
        gone = [await events_fixture.create(ann, title=f"Event {n}") for n in range(3)]
        kept_too = await events_fixture.create(ann, stranger, title="Another")
        late: list[str] = []
        for event in gone:
            await events_fixture.delete(event)
            tokens = await events_fixture.tokens.issue(
                event.id, {70: stranger.id, 71: ann.id}, f"late {event.id}", events_fixture.clock.now()
            )
            late += tokens.values()
        sweep = SweepInvitationTokens(events_fixture.tokens, events_fixture.stores.event_lists, page=3)
        assert await sweep() == len(late) == 6
        assert [await events_fixture.tokens.find(token) for token in late] == [None] * 6
        rows = await events_fixture.database.collection("invitation_tokens").find({}).to_list(None)
        assert {row["event"] for row in rows} == {kept.id, kept_too.id}
        assert await sweep() == 0

    async def test_a_title_that_looks_like_a_placeholder_stays_one(
        self, events_fixture: EventFixture, ann: Account
    ) -> None:
        stranger = await events_fixture.register("+4930300001", is_registered=False)
        await events_fixture.create(ann, stranger, title="{event_link} {0} {")
        ((_, body),) = await events_fixture.texts()
        assert "{event_link} {0} {" in body


class TestAnswers:
    async def test_the_owner_hears_every_yes_and_every_no(
        self, events_fixture: EventFixture, ann: Account, guests: list[Account]
    ) -> None:
        event = await events_fixture.create(ann, *guests)
        await events_fixture.forget_pushes()
        await events_fixture.answer(event, guests[0], True, "with cake")
        await events_fixture.answer(event, guests[0], True)
        await events_fixture.answer(event, guests[0], False)
        await events_fixture.answer(event, guests[1], False, "Sorry")
        assert await events_fixture.pushes() == [
            (ann.id, "Guest N is coming to Dinner: with cake"),
            (ann.id, "Guest N is coming to Dinner"),
            (ann.id, "Guest Number0 can't make it to Dinner"),
            (ann.id, "Guest Number1 can't make it to Dinner: Sorry"),
        ]

    async def test_who_answers_by_the_link_is_named_by_the_number(
        self, events_fixture: EventFixture, ann: Account
    ) -> None:
        stranger = await events_fixture.register("+4930300001", is_registered=False)
        event = await events_fixture.create(ann, stranger)
        await events_fixture.answer(event, stranger, True)
        assert await events_fixture.pushes(RSVP) == [(ann.id, "+4930300001 is coming to Dinner")]
        assert stranger.id not in await events_fixture.members(event)

    async def test_an_owner_who_does_not_want_it_or_blocked_the_guest_hears_nothing(
        self, events_fixture: EventFixture, guests: list[Account]
    ) -> None:
        for number, fields in enumerate(({"notify.invite_rsvp": False}, {"blocked": [guests[0].number]})):
            owner = await events_fixture.register(f"+493010001{number}", **fields)
            event = await events_fixture.create(owner, guests[0])
            await events_fixture.answer(event, guests[0], True)
        assert await events_fixture.pushes(RSVP) == []


class TestPlaces:
    async def fill(self, fixture: EventFixture, event: Event, *guests: Account) -> Event:
        for guest in guests:
            event = await fixture.answer(event, guest, True)
        return event

    async def test_when_one_spot_is_left_those_who_have_not_answered_are_told(
        self, events_fixture: EventFixture, ann: Account, guests: list[Account]
    ) -> None:
        event = await events_fixture.create(ann, *guests, total_spots=3)
        await events_fixture.answer(event, guests[3], False)
        await self.fill(events_fixture, event, *guests[:2])
        assert await events_fixture.pushes(CHANGE) == [(guests[2].id, "Only one spot is left at Dinner")]
        await events_fixture.answer(event, guests[1], True, "again")
        assert len(await events_fixture.pushes(CHANGE)) == 1, "said again it takes no place"

    async def test_and_when_the_owner_lowers_the_spots_to_one_left(
        self, events_fixture: EventFixture, ann: Account, guests: list[Account]
    ) -> None:
        event = await self.fill(events_fixture, await events_fixture.create(ann, *guests, total_spots=5), guests[0])
        event = await events_fixture.edit(event, total_spots=2)
        told = {(guest.id, "Only one spot is left at Dinner") for guest in guests[1:]}
        assert set(await events_fixture.pushes(CHANGE)) == told
        await events_fixture.edit(event, spots_filled=0, title="Lunch")
        assert len(await events_fixture.pushes(CHANGE)) == 3, "an edit of something else changes no places"

    async def test_never_for_an_event_that_was_created_with_one(
        self, events_fixture: EventFixture, ann: Account, guests: list[Account]
    ) -> None:
        event = await events_fixture.create(ann, *guests, total_spots=1)
        event = await events_fixture.edit(event, total_spots=3)
        await self.fill(events_fixture, event, *guests[:2])
        await events_fixture.edit(event, total_spots=3, title="Lunch")
        assert await events_fixture.pushes(CHANGE) == []

    async def test_the_last_spot_is_told_to_the_owner_once(
        self, events_fixture: EventFixture, ann: Account, guests: list[Account]
    ) -> None:
        event = await events_fixture.create(ann, *guests, total_spots=2)
        await self.fill(events_fixture, event, guests[0], guests[1], guests[1])
        full = [push for push in await events_fixture.pushes(CHANGE) if push[0] == ann.id]
        assert full == [(ann.id, "The last of 2 spots is taken: Dinner is full")]
        await events_fixture.answer(event, guests[0], False)
        await self.fill(events_fixture, event, guests[2])
        full = [push for push in await events_fixture.pushes(CHANGE) if push[0] == ann.id]
        assert len(full) == 2, "full again, told again"

    async def test_with_words_of_its_own_where_there_was_only_one(
        self, events_fixture: EventFixture, ann: Account, guests: list[Account]
    ) -> None:
        event = await events_fixture.create(ann, guests[0], total_spots=1)
        await self.fill(events_fixture, event, guests[0])
        assert await events_fixture.pushes(CHANGE) == [(ann.id, "Somebody took the only spot at Dinner")]

    async def test_an_owner_who_does_not_want_to_know_is_not_told(
        self, events_fixture: EventFixture, guests: list[Account]
    ) -> None:
        owner = await events_fixture.register("+4930100020", **flag("event_full"))
        await self.fill(events_fixture, await events_fixture.create(owner, guests[0], total_spots=1), guests[0])
        assert await events_fixture.pushes(CHANGE) == []
        assert len(await events_fixture.pushes(RSVP)) == 1

    async def test_nobody_is_told_full_when_a_place_was_given_back_before_it_could_be_told(
        self, events_fixture: EventFixture, ann: Account, guests: list[Account]
    ) -> None:
        event = await events_fixture.create(ann, guests[0], total_spots=1)
        await events_fixture.forget_pushes()
        await events_fixture.answer(event, guests[0], True, node=await events_fixture.start_node(before=[Broken()]))
        await events_fixture.answer(event, guests[0], False)
        assert await events_fixture.pushes() == [
            (ann.id, "Guest N is coming to Dinner"),
            (ann.id, "Guest Number0 can't make it to Dinner"),
        ], "the answers are told in their order"

    async def test_more_spots_at_a_full_event_are_told_to_those_invited(
        self, events_fixture: EventFixture, ann: Account, guests: list[Account]
    ) -> None:
        event = await events_fixture.create(ann, *guests[:2], total_spots=1)
        event = await self.fill(events_fixture, event, guests[0])
        await events_fixture.forget_pushes()
        event = await events_fixture.edit(event, total_spots=3)
        alert = "There is room again: 2 spots are left at Dinner"
        assert set(await events_fixture.pushes()) == {(guest.id, alert) for guest in guests[:2]}
        await events_fixture.edit(event, total_spots=9)
        assert len(await events_fixture.pushes()) == 2, "it was not full"


class TestDates:
    async def test_a_new_date_is_told_to_those_who_come_whatever_they_want(
        self, events_fixture: EventFixture, ann: Account, guests: list[Account]
    ) -> None:
        mute = await events_fixture.register("+4930200010", **{f"notify.{name}": False for name in ("upcoming_event",)})
        event = await events_fixture.create(ann, *guests, mute)
        await events_fixture.answer(event, guests[0], True)
        await events_fixture.answer(event, guests[1], False)
        event = await events_fixture.answer(event, mute, True)
        await events_fixture.forget_pushes()
        event = await events_fixture.edit(event, date=event.date + timedelta(days=1))
        alert = "Dinner is now on 04 Jan 2030 at 12:00 (UTC)"
        assert set(await events_fixture.pushes()) == {(guests[0].id, alert), (mute.id, alert)}
        await events_fixture.forget_pushes()
        for fields in ({"title": "Lunch"}, {"venue_name": "Home"}, {"venue_name": ""}, {"address": "Here"}):
            event = await events_fixture.edit(event, **fields)
        await events_fixture.edit(await events_fixture.cancel(event), date=event.date + timedelta(days=1))
        assert await events_fixture.pushes() == []

    async def test_a_day_without_a_time_is_told_as_a_day(
        self, events_fixture: EventFixture, ann: Account, guests: list[Account]
    ) -> None:
        event = await events_fixture.create(ann, guests[0], is_time_specified=False)
        event = await events_fixture.answer(event, guests[0], True)
        await events_fixture.edit(event, date=event.date + timedelta(hours=12))
        assert await events_fixture.pushes(CHANGE) == [(guests[0].id, "Dinner is now on 04 Jan 2030")]


async def test_polls_messages_and_cancelling_push_nothing(
    events_fixture: EventFixture, ann: Account, guests: list[Account]
) -> None:
    event = await events_fixture.create(ann, *guests)
    await events_fixture.forget_pushes()
    await events_fixture.suggest(event, guests[0], "Park")
    await events_fixture.post(event, guests[0], "Hello")
    await events_fixture.cancel(event)
    assert await events_fixture.pushes() == []


class Links:
    """Links of eight events, all of which exist. Notes from where it was asked for more."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    async def list_events(self, after: int, limit: int) -> list[int]:
        self.asked.append(after)
        return list(range(after + 1, 9))[:limit]

    async def list_existing(self, event_ids: Collection[int]) -> Collection[int]:
        return event_ids


async def test_a_sweep_looks_at_each_link_once() -> None:
    links: Any = Links()
    assert await SweepInvitationTokens(links, links, page=3)() == 0
    assert links.asked == [0, 3, 6]
