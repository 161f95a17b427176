"""What happens to events is in the log once, in its order, whatever ends whoever tells it."""

import asyncio

import pytest

from models.documents.account import Account
from models.documents.entry import Entry, EventSet, Joined, Left, Message, PollAdded, RsvpSet, SubjectSet
from models.documents.event import Event, OutboxItem
from models.facts import EventUpdated, Fact, PollCreated, RsvpUpdated
from tests.support.event_fixture import Broken, EventFixture, EventNode


@pytest.fixture
async def ann(events_fixture: EventFixture) -> Account:
    return await events_fixture.register("+4930100001", full_name="Ann Owner")


@pytest.fixture
async def tom(events_fixture: EventFixture) -> Account:
    return await events_fixture.register("+4930200001", full_name="Tom Guest")


def of(log: list[Entry], *kinds: type) -> list[object]:
    return [entry.body for entry in log if isinstance(entry.body, kinds)]


def shown(node: EventNode, kind: type[Fact]) -> list[Fact]:
    return [event for event, _ in node.fanout.published if isinstance(event, kind)]


class TestLog:
    async def test_everything_is_an_entry_in_its_order(
        self, events_fixture: EventFixture, ann: Account, tom: Account
    ) -> None:
        event = await events_fixture.create(ann, tom)
        await events_fixture.answer(event, tom, True, "Hooray")
        await events_fixture.suggest(event, tom, "Park")
        await events_fixture.post(event, tom, "Shall I bring cake?")
        await events_fixture.edit(await events_fixture.find(event), title="Picnic")
        await events_fixture.cancel(event)
        log = await events_fixture.log(event)
        invitation = event.invitations[0].id
        assert [entry.body for entry in log] == [
            Joined((ann.id, tom.id), (ann.number, tom.number), (ann.id,)),
            RsvpSet(invitation, True, "Hooray"),
            PollAdded(1, event.date, "Park"),
            Message(text="Shall I bring cake?"),
            EventSet(("title",)),
            SubjectSet("Picnic"),
            EventSet(("canceled",)),
        ]
        found = await events_fixture.find(event)
        assert [each.seq for each in found.messages] == [4]
        assert found.outbox == ()

    @pytest.mark.parametrize("ends", ["before", "behind"])
    async def test_a_node_that_ends_between_the_step_and_the_telling_delays_it_and_doubles_nothing(
        self, events_fixture: EventFixture, ann: Account, tom: Account, ends: str
    ) -> None:
        event = await events_fixture.create(ann, tom)
        dying = await events_fixture.start_node(before=[Broken(9)] if ends == "before" else [], behind=[Broken(9)])
        await events_fixture.answer(event, tom, True, node=dying)
        await events_fixture.edit(await events_fixture.find(event), node=dying, title="Picnic")
        assert len((await events_fixture.find(event)).outbox) == 2
        events_fixture.clock.move(minutes=1)
        nodes = [events_fixture.node, await events_fixture.start_node()]
        await asyncio.gather(*(node.tell.sweep() for node in nodes))
        log = await events_fixture.log(event)
        assert of(log, RsvpSet, EventSet, SubjectSet) == [
            RsvpSet(event.invitations[0].id, True),
            EventSet(("title",)),
            SubjectSet("Picnic"),
        ]
        assert [entry.seq for entry in log] == list(range(1, len(log) + 1))
        assert len(await events_fixture.pushes("rsvp")) == 1
        assert (await events_fixture.find(event)).outbox == ()

    async def test_an_answer_that_a_crash_delayed_does_not_come_behind_the_next_one(
        self, events_fixture: EventFixture, ann: Account, tom: Account
    ) -> None:
        event = await events_fixture.create(ann, tom)
        await events_fixture.answer(event, tom, True, node=await events_fixture.start_node(before=[Broken()]))
        await events_fixture.answer(event, tom, False)
        events_fixture.clock.move(minutes=1)
        await events_fixture.node.tell.sweep()
        answers = of(await events_fixture.log(event), RsvpSet)
        assert answers == [RsvpSet(event.invitations[0].id, answer) for answer in (True, False)]

    async def test_an_answer_to_an_event_that_nobody_was_told_of_comes_behind_its_beginning(
        self, events_fixture: EventFixture, ann: Account, tom: Account
    ) -> None:
        good, events_fixture.node = events_fixture.node, await events_fixture.start_node(before=[Broken()])
        event = await events_fixture.create(ann, tom)
        events_fixture.node = good
        assert await events_fixture.log(event) == []
        await events_fixture.answer(event, tom, True)
        assert [type(entry.body) for entry in await events_fixture.log(event)] == [Joined, RsvpSet]
        assert await events_fixture.members(event) == {ann.id, tom.id}

    async def test_of_two_titles_the_later_stays_the_chat_s(self, events_fixture: EventFixture, ann: Account) -> None:
        event = await events_fixture.create(ann)
        broken = await events_fixture.start_node(before=[Broken()])
        await events_fixture.edit(event, node=broken, title="First")
        await events_fixture.edit(event, title="Second")
        events_fixture.clock.move(minutes=1)
        await events_fixture.node.tell.sweep()
        chat = await events_fixture.chats.find(event.chat_id)
        assert chat is not None
        assert chat.subject == "Second"

    async def test_an_item_that_cannot_be_told_holds_up_no_other_event(
        self, events_fixture: EventFixture, ann: Account, tom: Account
    ) -> None:
        first, second = await events_fixture.create(ann, tom), await events_fixture.create(ann, tom)

        async def fails_for_the_first(event: Event, item: OutboxItem) -> None:
            if event.id == first.id:
                raise RuntimeError("a fault of tests")

        node = await events_fixture.start_node(before=[Broken(2), fails_for_the_first])
        for event in (first, second):
            await events_fixture.answer(event, tom, True, node=node)
        events_fixture.clock.move(minutes=1)
        assert await node.tell.sweep() == 1
        assert len((await events_fixture.find(first)).outbox) == 1
        assert (await events_fixture.find(second)).outbox == ()

    async def test_telling_never_fails_the_step(self, events_fixture: EventFixture, ann: Account, tom: Account) -> None:
        event = await events_fixture.create(ann, tom)
        node = await events_fixture.start_node(before=[Broken()])
        answered = await events_fixture.answer(event, tom, True, node=node)
        assert answered.attendees_count == 1


class TestMembers:
    async def test_the_chat_has_the_owner_and_who_is_registered(
        self, events_fixture: EventFixture, ann: Account, tom: Account
    ) -> None:
        stranger = await events_fixture.register("+4930200002", is_registered=False)
        event = await events_fixture.create(ann, tom, stranger)
        assert await events_fixture.members(event) == {ann.id, tom.id}
        stranger = await events_fixture.register("+4930200002")
        for _ in range(2):
            await events_fixture.node.join(stranger)
        assert await events_fixture.members(event) == {ann.id, tom.id, stranger.id}
        assert len(await events_fixture.log(event)) == 2

    async def test_who_blocked_the_owner_is_brought_in_by_nobody_and_comes_by_answering(
        self, events_fixture: EventFixture, ann: Account
    ) -> None:
        tom = await events_fixture.register("+4930200001", blocked=[ann.number])
        event = await events_fixture.create(ann, tom)
        await events_fixture.node.join(tom)
        assert await events_fixture.members(event) == {ann.id}
        assert not any(tom.id in to for _, to in events_fixture.node.fanout.published)
        await events_fixture.answer(event, tom, True)
        assert await events_fixture.members(event) == {ann.id, tom.id}
        assert of(await events_fixture.log(event), Joined, RsvpSet)[1:] == [
            Joined((tom.id,), (tom.number,)),
            RsvpSet(event.invitations[0].id, True),
        ]

    async def test_an_invitation_told_late_brings_nobody_in_who_is_gone(
        self, events_fixture: EventFixture, ann: Account, tom: Account
    ) -> None:
        event = await events_fixture.create(ann)
        await events_fixture.invite(event, tom, node=await events_fixture.start_node(before=[Broken()]))
        await events_fixture.accounts.change(tom.id, {"is_registered": False})
        events_fixture.clock.move(minutes=1)
        await events_fixture.node.tell.sweep()
        assert await events_fixture.members(event) == {ann.id}


class TestSockets:
    async def test_each_thing_is_shown_to_owner_and_registered_invitees_and_nobody_else(
        self, events_fixture: EventFixture, ann: Account, tom: Account
    ) -> None:
        stranger = await events_fixture.register("+4930200002", is_registered=False)
        await events_fixture.register("+4930200003")
        event = await events_fixture.create(ann, tom, stranger)
        await events_fixture.answer(event, tom, True)
        await events_fixture.answer(event, stranger, False)
        await events_fixture.suggest(event, tom, "Park")
        await events_fixture.post(event, tom, "Hello")
        await events_fixture.edit(await events_fixture.find(event), venue_name="Home")
        await events_fixture.cancel(event)
        told = [
            (type(one), to) for one, to in events_fixture.node.fanout.published if type(one).__name__ != "EntryAdded"
        ]
        kinds = [EventUpdated, RsvpUpdated, RsvpUpdated, PollCreated, EventUpdated, EventUpdated]
        assert told == [(kind, frozenset({ann.id, tom.id})) for kind in kinds]

    async def test_who_is_invited_later_hears_from_then_on(
        self, events_fixture: EventFixture, ann: Account, tom: Account
    ) -> None:
        event = await events_fixture.create(ann)
        event = await events_fixture.invite(event, tom)
        heard = [
            one for one, to in events_fixture.node.fanout.published if tom.id in to and isinstance(one, EventUpdated)
        ]
        assert [each.event.version for each in heard if isinstance(each, EventUpdated)] == [event.version]

    async def test_what_is_shown_is_newer_each_time(
        self, events_fixture: EventFixture, ann: Account, tom: Account
    ) -> None:
        event = await events_fixture.create(ann, tom)
        for answer in (True, False, True):
            await events_fixture.answer(event, tom, answer)
        versions = [
            one.event.version for one in shown(events_fixture.node, RsvpUpdated) if isinstance(one, RsvpUpdated)
        ]
        assert versions == sorted(set(versions))


class TestRemovedAccounts:
    async def test_the_events_of_an_owner_go_for_everybody(
        self, events_fixture: EventFixture, ann: Account, tom: Account
    ) -> None:
        event = await events_fixture.create(ann, tom)
        await events_fixture.accounts.change(ann.id, {"is_registered": False})
        for _ in range(2):
            await events_fixture.node.forget.forget(ann.id)
        assert await events_fixture.events.find(event.id) is None
        (last,) = shown(events_fixture.node, EventUpdated)[-1:]
        assert isinstance(last, EventUpdated)
        assert last.event.is_deleted
        assert of(await events_fixture.log(event), EventSet) == [EventSet(("deleted",))]

    async def test_an_invitee_gives_the_place_back_and_the_answer_is_gone(
        self, events_fixture: EventFixture, ann: Account, tom: Account
    ) -> None:
        event = await events_fixture.create(ann, tom, total_spots=1)
        await events_fixture.answer(event, tom, True, "Hooray")
        await events_fixture.node.forget.forget(tom.id)
        found = await events_fixture.find(event)
        assert found.spots_left == 1
        assert found.invitations == event.invitations
        assert of(await events_fixture.log(event), EventSet) == [EventSet(("invitations",))]
        assert of(await events_fixture.log(event), Left) == [], "leaving the chats is done elsewhere"
        assert len(await events_fixture.pushes("rsvp")) == 1
