"""What happens to events is in the log once, in its order, whatever ends whoever tells it."""

import asyncio

import pytest

from models.documents.account import Account
from models.documents.entry import Entry, EventSet, Joined, Left, Message, PollAdded, RsvpSet, SubjectSet
from models.documents.event import Event, OutboxItem
from models.facts import EventUpdated, Fact, PollCreated, RsvpUpdated
from tests.support.event_world import Broken, EventNode, EventWorld


@pytest.fixture
async def ann(events_world: EventWorld) -> Account:
    return await events_world.register("+4930100001", full_name="Ann Owner")


@pytest.fixture
async def tom(events_world: EventWorld) -> Account:
    return await events_world.register("+4930200001", full_name="Tom Guest")


def of(log: list[Entry], *kinds: type) -> list[object]:
    return [entry.body for entry in log if isinstance(entry.body, kinds)]


def shown(node: EventNode, kind: type[Fact]) -> list[Fact]:
    return [event for event, _ in node.fanout.published if isinstance(event, kind)]


class TestLog:
    async def test_everything_is_an_entry_in_its_order(
        self, events_world: EventWorld, ann: Account, tom: Account
    ) -> None:
        event = await events_world.create(ann, tom)
        await events_world.answer(event, tom, True, "Hooray")
        await events_world.suggest(event, tom, "Park")
        await events_world.post(event, tom, "Shall I bring cake?")
        await events_world.edit(await events_world.find(event), title="Picnic")
        await events_world.cancel(event)
        log = await events_world.log(event)
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
        found = await events_world.find(event)
        assert [each.seq for each in found.messages] == [4]
        assert found.outbox == ()

    @pytest.mark.parametrize("ends", ["before", "behind"])
    async def test_a_node_that_ends_between_the_step_and_the_telling_delays_it_and_doubles_nothing(
        self, events_world: EventWorld, ann: Account, tom: Account, ends: str
    ) -> None:
        event = await events_world.create(ann, tom)
        dying = await events_world.start_node(before=[Broken(9)] if ends == "before" else [], behind=[Broken(9)])
        await events_world.answer(event, tom, True, node=dying)
        await events_world.edit(await events_world.find(event), node=dying, title="Picnic")
        assert len((await events_world.find(event)).outbox) == 2
        events_world.clock.move(minutes=1)
        nodes = [events_world.node, await events_world.start_node()]
        await asyncio.gather(*(node.tell.sweep() for node in nodes))
        log = await events_world.log(event)
        assert of(log, RsvpSet, EventSet, SubjectSet) == [
            RsvpSet(event.invitations[0].id, True),
            EventSet(("title",)),
            SubjectSet("Picnic"),
        ]
        assert [entry.seq for entry in log] == list(range(1, len(log) + 1))
        assert len(await events_world.pushes("rsvp")) == 1
        assert (await events_world.find(event)).outbox == ()

    async def test_an_answer_that_a_crash_delayed_does_not_come_behind_the_next_one(
        self, events_world: EventWorld, ann: Account, tom: Account
    ) -> None:
        event = await events_world.create(ann, tom)
        await events_world.answer(event, tom, True, node=await events_world.start_node(before=[Broken()]))
        await events_world.answer(event, tom, False)
        events_world.clock.move(minutes=1)
        await events_world.node.tell.sweep()
        answers = of(await events_world.log(event), RsvpSet)
        assert answers == [RsvpSet(event.invitations[0].id, answer) for answer in (True, False)]

    async def test_an_answer_to_an_event_that_nobody_was_told_of_comes_behind_its_beginning(
        self, events_world: EventWorld, ann: Account, tom: Account
    ) -> None:
        good, events_world.node = events_world.node, await events_world.start_node(before=[Broken()])
        event = await events_world.create(ann, tom)
        events_world.node = good
        assert await events_world.log(event) == []
        await events_world.answer(event, tom, True)
        assert [type(entry.body) for entry in await events_world.log(event)] == [Joined, RsvpSet]
        assert await events_world.members(event) == {ann.id, tom.id}

    async def test_of_two_titles_the_later_stays_the_chat_s(self, events_world: EventWorld, ann: Account) -> None:
        event = await events_world.create(ann)
        broken = await events_world.start_node(before=[Broken()])
        await events_world.edit(event, node=broken, title="First")
        await events_world.edit(event, title="Second")
        events_world.clock.move(minutes=1)
        await events_world.node.tell.sweep()
        chat = await events_world.chats.find(event.chat_id)
        assert chat is not None
        assert chat.subject == "Second"

    async def test_an_item_that_cannot_be_told_holds_up_no_other_event(
        self, events_world: EventWorld, ann: Account, tom: Account
    ) -> None:
        first, second = await events_world.create(ann, tom), await events_world.create(ann, tom)

        async def fails_for_the_first(event: Event, item: OutboxItem) -> None:
            if event.id == first.id:
                raise RuntimeError("a fault of tests")

        node = await events_world.start_node(before=[Broken(2), fails_for_the_first])
        for event in (first, second):
            await events_world.answer(event, tom, True, node=node)
        events_world.clock.move(minutes=1)
        assert await node.tell.sweep() == 1
        assert len((await events_world.find(first)).outbox) == 1
        assert (await events_world.find(second)).outbox == ()

    async def test_telling_never_fails_the_step(self, events_world: EventWorld, ann: Account, tom: Account) -> None:
        event = await events_world.create(ann, tom)
        node = await events_world.start_node(before=[Broken()])
        answered = await events_world.answer(event, tom, True, node=node)
        assert answered.attendees_count == 1


class TestMembers:
    async def test_the_chat_has_the_owner_and_who_is_registered(
        self, events_world: EventWorld, ann: Account, tom: Account
    ) -> None:
        stranger = await events_world.register("+4930200002", is_registered=False)
        event = await events_world.create(ann, tom, stranger)
        assert await events_world.members(event) == {ann.id, tom.id}
        stranger = await events_world.register("+4930200002")
        for _ in range(2):
            await events_world.node.join(stranger)
        assert await events_world.members(event) == {ann.id, tom.id, stranger.id}
        assert len(await events_world.log(event)) == 2

    async def test_who_blocked_the_owner_is_brought_in_by_nobody_and_comes_by_answering(
        self, events_world: EventWorld, ann: Account
    ) -> None:
        tom = await events_world.register("+4930200001", blocked=[ann.number])
        event = await events_world.create(ann, tom)
        await events_world.node.join(tom)
        assert await events_world.members(event) == {ann.id}
        assert not any(tom.id in to for _, to in events_world.node.fanout.published)
        await events_world.answer(event, tom, True)
        assert await events_world.members(event) == {ann.id, tom.id}
        assert of(await events_world.log(event), Joined, RsvpSet)[1:] == [
            Joined((tom.id,), (tom.number,)),
            RsvpSet(event.invitations[0].id, True),
        ]

    async def test_an_invitation_told_late_brings_nobody_in_who_is_gone(
        self, events_world: EventWorld, ann: Account, tom: Account
    ) -> None:
        event = await events_world.create(ann)
        await events_world.invite(event, tom, node=await events_world.start_node(before=[Broken()]))
        await events_world.accounts.change(tom.id, {"is_registered": False})
        events_world.clock.move(minutes=1)
        await events_world.node.tell.sweep()
        assert await events_world.members(event) == {ann.id}


class TestSockets:
    async def test_each_thing_is_shown_to_owner_and_registered_invitees_and_nobody_else(
        self, events_world: EventWorld, ann: Account, tom: Account
    ) -> None:
        stranger = await events_world.register("+4930200002", is_registered=False)
        await events_world.register("+4930200003")
        event = await events_world.create(ann, tom, stranger)
        await events_world.answer(event, tom, True)
        await events_world.answer(event, stranger, False)
        await events_world.suggest(event, tom, "Park")
        await events_world.post(event, tom, "Hello")
        await events_world.edit(await events_world.find(event), venue_name="Home")
        await events_world.cancel(event)
        told = [(type(one), to) for one, to in events_world.node.fanout.published if type(one).__name__ != "EntryAdded"]
        kinds = [EventUpdated, RsvpUpdated, RsvpUpdated, PollCreated, EventUpdated, EventUpdated]
        assert told == [(kind, frozenset({ann.id, tom.id})) for kind in kinds]

    async def test_who_is_invited_later_hears_from_then_on(
        self, events_world: EventWorld, ann: Account, tom: Account
    ) -> None:
        event = await events_world.create(ann)
        event = await events_world.invite(event, tom)
        heard = [
            one for one, to in events_world.node.fanout.published if tom.id in to and isinstance(one, EventUpdated)
        ]
        assert [each.event.version for each in heard if isinstance(each, EventUpdated)] == [event.version]

    async def test_what_is_shown_is_newer_each_time(self, events_world: EventWorld, ann: Account, tom: Account) -> None:
        event = await events_world.create(ann, tom)
        for answer in (True, False, True):
            await events_world.answer(event, tom, answer)
        versions = [one.event.version for one in shown(events_world.node, RsvpUpdated) if isinstance(one, RsvpUpdated)]
        assert versions == sorted(set(versions))


class TestRemovedAccounts:
    async def test_the_events_of_an_owner_go_for_everybody(
        self, events_world: EventWorld, ann: Account, tom: Account
    ) -> None:
        event = await events_world.create(ann, tom)
        await events_world.accounts.change(ann.id, {"is_registered": False})
        for _ in range(2):
            await events_world.node.forget.forget(ann.id)
        assert await events_world.events.find(event.id) is None
        (last,) = shown(events_world.node, EventUpdated)[-1:]
        assert isinstance(last, EventUpdated)
        assert last.event.is_deleted
        assert of(await events_world.log(event), EventSet) == [EventSet(("deleted",))]

    async def test_an_invitee_gives_the_place_back_and_the_answer_is_gone(
        self, events_world: EventWorld, ann: Account, tom: Account
    ) -> None:
        event = await events_world.create(ann, tom, total_spots=1)
        await events_world.answer(event, tom, True, "Hooray")
        await events_world.node.forget.forget(tom.id)
        found = await events_world.find(event)
        assert found.spots_left == 1
        assert found.invitations == event.invitations
        assert of(await events_world.log(event), EventSet) == [EventSet(("invitations",))]
        assert of(await events_world.log(event), Left) == [], "leaving the chats is done elsewhere"
        assert len(await events_world.pushes("rsvp")) == 1
