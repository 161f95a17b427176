"""Changes of groups in the log: numbered without a hole, told to the right people, and whole after crashes and races."""

import asyncio

from typing_extensions import override

from models.documents.chat import Chat, Role, Span
from models.documents.entry import Joined, Left, Message, RoleSet, SubjectSet
from models.documents.session import Actor
from models.facts import ChatMembersChanged
from models.services.groups.groups import ListGroups
from models.stores.chats import Chats
from models.stores.counters import Counters
from tests.support.group_fixture import Node, Town


def numbers(*actors: Actor) -> list[str]:
    return [actor.number for actor in actors]


async def scenario(town: Town) -> str:
    """A group in which everything has happened once."""
    node, (ann, bob, cy) = town.node, (town.ann, town.bob, town.cy)
    group = await node.create(ann, bob)
    await node.ask(bob, "POST", f"{group}/subject/", data={"subject": "New"})
    await node.do(ann, group, "add", cy)
    await node.do(ann, group, "promote", cy)
    await node.do(ann, group, "demote", cy)
    await node.do(ann, group, "remove", bob)
    await node.do(ann, group, "leave")
    return group


async def rows(town: Town) -> list[dict[str, object]]:
    """All that the database holds of chats and members."""
    found = []
    for name in ("chats", "members"):
        found += await town.fixture.database.collection(name).find().sort("_id", 1).to_list(None)
    return found


class TestTheLog:
    async def test_it_holds_exactly_what_happened(self, town: Town) -> None:
        ann, bob, cy = town.ann, town.bob, town.cy
        log = await town.fixture.log(await scenario(town))
        assert [entry.seq for entry in log] == list(range(1, 9))
        assert [(entry.number, entry.body) for entry in log] == [
            (ann.number, Joined((ann.account_id, bob.account_id), (ann.number, bob.number), (ann.account_id,))),
            (bob.number, SubjectSet("New")),
            (ann.number, Joined((cy.account_id,), (cy.number,))),
            (ann.number, RoleSet(cy.account_id, cy.number, Role.ADMIN)),
            (ann.number, RoleSet(cy.account_id, cy.number, Role.MEMBER)),
            (ann.number, Left(bob.account_id, bob.number)),
            (ann.number, RoleSet(cy.account_id, cy.number, Role.ADMIN)),
            (ann.number, Left(ann.account_id, ann.number)),
        ]
        assert len({entry.client_id for entry in log}) == len(log)

    async def test_each_change_is_told_once_in_order_to_those_it_concerns(self, town: Town) -> None:
        group = await scenario(town)
        fanout = town.node.fanout
        await fanout.until(8)
        assert [entry.seq for entry, _ in fanout.told] == list(range(1, 9))
        assert fanout.heard_by(town.ann) == [1, 2, 3, 4, 5, 6, 7, 8]
        assert fanout.heard_by(town.bob) == [1, 2, 3, 4, 5, 6]
        assert fanout.heard_by(town.cy) == [3, 4, 5, 6, 7, 8]
        assert fanout.heard_by(town.dee) == []
        chat_id = await town.fixture.chat_id(group)
        signals = [signal for signal in fanout.signals if isinstance(signal, ChatMembersChanged)]
        assert {(signal.chat_id, signal.seq) for signal in signals} == {(chat_id, seq) for seq in range(1, 9)}

    async def test_applying_every_change_again_in_any_order_changes_nothing(self, town: Town) -> None:
        log = await town.fixture.log(await scenario(town))
        before = await rows(town)
        for change in [*log, *reversed(log)]:
            await town.fixture.chats.apply(change)
        assert await rows(town) == before

    async def test_nothing_of_it_waits_to_be_applied(self, town: Town) -> None:
        await scenario(town)
        assert await town.fixture.database.collection("entries").count_documents({"pending": True}) == 0

    async def test_leavers_keep_what_they_had_and_newcomers_get_what_comes(self, town: Town) -> None:
        chat_id = await town.fixture.chat_id(await scenario(town))
        spans = {}
        for actor in (town.ann, town.bob, town.cy):
            member = await town.fixture.members.find_member(chat_id, actor.account_id)
            assert member is not None
            spans[actor] = member.spans
        assert spans == {town.ann: (Span(1, 8),), town.bob: (Span(1, 6),), town.cy: (Span(3),)}


class TestACrash:
    """A node dies between storing a change and applying it; somebody else looks at the group next."""

    async def test_a_join_holds_for_whoever_loads_the_group_next(self, town: Town) -> None:
        group = await town.node.create(town.ann)
        await town.fixture.store_only(town.ann, group, Joined((town.bob.account_id,), (town.bob.number,)))
        other = await town.fixture.start_node()
        roster = await other.memberships.require(await town.fixture.chat_id(group))
        assert roster.members == {town.ann.account_id, town.bob.account_id}

    async def test_a_removal_holds_for_whoever_loads_the_group_next(self, town: Town) -> None:
        group = await town.node.create(town.ann, town.bob)
        await town.fixture.store_only(town.ann, group, Left(town.bob.account_id, town.bob.number))
        other = await town.fixture.start_node()
        roster = await other.memberships.require(await town.fixture.chat_id(group))
        assert roster.members == {town.ann.account_id}

    async def test_it_is_made_good_by_showing_the_group(self, town: Town) -> None:
        group = await town.node.create(town.ann, town.bob)
        await town.fixture.store_only(town.ann, group, SubjectSet("Crash"))
        assert (await town.node.info(town.ann, group))["subject"] == "Crash"
        await town.fixture.store_only(town.ann, group, Left(town.bob.account_id, town.bob.number), "again")
        assert (await town.node.ask(town.bob, "GET", f"{group}/info/"))[0] == 404
        roster = await town.node.memberships.require(await town.fixture.chat_id(group))
        assert (set(roster.members), roster.chat.subject) == ({town.ann.account_id}, "Crash")

    async def test_a_change_behind_it_does_not_overtake_it(self, town: Town) -> None:
        group, other = await town.node.create(town.ann, town.bob), await town.fixture.start_node()
        await town.node.do(town.ann, group, "remove", town.bob)
        # Stored by a node that died, and then removed again by one that knew: in the order of the log, Bob is out.
        await town.fixture.store_only(town.ann, group, Joined((town.bob.account_id,), (town.bob.number,)))
        await other.do(town.ann, group, "remove", town.bob)
        assert (await town.node.info(town.ann, group))["participants"] == numbers(town.ann)

    async def test_the_announcer_applies_what_another_node_left_before_it_applies_its_own(self, town: Town) -> None:
        group = await town.node.create(town.ann, town.bob)
        await town.node.do(town.bob, group, "leave")
        await town.fixture.store_only(town.ann, group, Joined((town.bob.account_id,), (town.bob.number,)))
        left = await town.fixture.store_only(town.ann, group, Left(town.bob.account_id, town.bob.number), "again")
        town.node.announcer.stored([left])
        await town.node.announcer.applied(left)
        assert (await town.node.info(town.ann, group))["participants"] == numbers(town.ann)

    async def test_a_group_that_lost_its_last_admin_gets_one_with_the_next_change(self, town: Town) -> None:
        group = await town.node.create(town.ann, town.cy, town.bob)
        await town.fixture.store_only(town.ann, group, Left(town.ann.account_id, town.ann.number))
        body = {"subject": "Anybody there?"}
        assert await town.node.ask(town.cy, "POST", f"{group}/subject/", data=body) == (200, {})
        assert (await town.node.info(town.cy, group))["admins"] == numbers(town.bob)
        log = await town.fixture.log(group)
        assert [entry.body for entry in log[2:]] == [
            RoleSet(town.bob.account_id, town.bob.number, Role.ADMIN),
            SubjectSet("Anybody there?"),
        ]
        assert log[2].sender_id == town.bob.account_id

    async def test_an_outsider_heals_nothing(self, town: Town) -> None:
        group = await town.node.create(town.ann, town.bob)
        await town.fixture.store_only(town.ann, group, Left(town.ann.account_id, town.ann.number))
        assert (await town.node.ask(town.dee, "POST", f"{group}/leave/"))[0] == 404
        assert len(await town.fixture.log(group)) == 2

    async def test_a_group_without_its_first_entry_is_nobody_s(self, town: Town) -> None:
        founder = (town.ann.account_id, town.ann.number)
        chat = await town.fixture.chats.create_group(founder, "Half", town.fixture.clock.now())
        assert chat.group is not None
        assert (await town.node.ask(town.ann, "GET", f"{chat.group}/info/"))[0] == 404
        assert await town.node.ask(town.ann, "GET", "info-all/") == (200, {"grouplist": []})


class TestManyAtOnce:
    async def test_a_change_answered_by_one_node_holds_on_another_that_heard_nothing_of_it(self, town: Town) -> None:
        here, there = town.node, await town.fixture.start_node()
        group = await here.create(town.ann, town.bob)
        assert (await there.info(town.bob, group))["admins"] == numbers(town.ann)
        await there.memberships.require(await town.fixture.chat_id(group))  # what the other node believes from now on
        await here.do(town.ann, group, "add", town.cy)
        await here.do(town.ann, group, "promote", town.cy)
        assert (await there.info(town.cy, group))["admins"] == numbers(town.ann, town.cy)
        await there.do(town.cy, group, "demote", town.ann)
        status, _ = await here.ask(town.ann, "POST", f"{group}/remove-participant/", data={"contact": town.bob.number})
        assert status == 403

    async def test_one_removed_while_its_groups_are_listed_is_not_shown_what_came_after(self, town: Town) -> None:
        class RemovedInBetween(Chats):
            @override
            async def list_groups(self, account_id: int) -> list[Chat]:
                groups = await super().list_groups(account_id)
                await town.node.do(town.ann, group, "remove", town.bob)
                return groups

        group = await town.node.create(town.ann, town.bob)
        chats = RemovedInBetween(town.fixture.database, Counters(town.fixture.database))
        assert await ListGroups(chats, town.fixture.members)(town.bob) == []

    async def test_a_double_tap_leaves_once(self, town: Town) -> None:
        group = await town.node.create(town.ann, town.bob)
        answers = await asyncio.gather(*(town.node.ask(town.bob, "POST", f"{group}/leave/") for _ in range(3)))
        assert sorted(status for status, _ in answers) == [200, 404, 404]
        assert len(await town.fixture.log(group)) == 2

    async def test_adding_one_number_many_times_stores_one_entry(self, town: Town) -> None:
        group = await town.node.create(town.ann)
        await asyncio.gather(*(town.node.do(town.ann, group, "add", town.bob) for _ in range(5)))
        assert len(await town.fixture.log(group)) == 2

    async def test_all_admins_leaving_at_once_on_two_nodes_leave_one_behind(self, town: Town) -> None:
        here, there = town.node, await town.fixture.start_node()
        for _ in range(10):
            group = await here.create(town.ann, town.bob, town.cy, town.dee)
            await here.do(town.ann, group, "promote", town.bob)
            await asyncio.gather(here.do(town.ann, group, "leave"), there.do(town.bob, group, "leave"))
            info = await here.info(town.cy, group)
            assert info["participants"] == numbers(town.cy, town.dee)
            assert info["admins"] == numbers(town.cy)
            log = await town.fixture.log(group)
            assert [entry.seq for entry in log] == list(range(1, len(log) + 1))

    async def test_two_admins_that_remove_each_other_at_once_leave_one_behind(self, town: Town) -> None:
        here, there = town.node, await town.fixture.start_node()

        async def remove(node: Node, actor: Actor, other: Actor) -> int:
            body = {"contact": other.number}
            status, _ = await node.ask(actor, "POST", f"{group}/remove-participant/", data=body)
            return status

        for _ in range(5):
            group = await here.create(town.ann, town.bob, town.cy)
            await here.do(town.ann, group, "promote", town.bob)
            statuses = await asyncio.gather(remove(here, town.ann, town.bob), remove(there, town.bob, town.ann))
            assert 200 in statuses
            assert len((await here.info(town.cy, group))["admins"]) >= 1

    async def test_many_changes_from_two_nodes_keep_the_log_whole(self, town: Town) -> None:
        nodes = [town.node, await town.fixture.start_node()]
        group = await town.node.create(town.ann, town.bob)
        changes = []
        for n, node in enumerate(nodes * 5):
            changes.append(node.ask(town.bob, "POST", f"{group}/subject/", data={"subject": f"No. {n}"}))
            changes.append(node.ask(town.ann, "POST", f"{group}/add-participant/", data={"contact": town.cy.number}))
            changes.append(node.ask(town.ann, "POST", f"{group}/remove-participant/", data={"contact": town.cy.number}))
        answers = await asyncio.gather(*changes)
        assert {status for status, _ in answers} <= {200, 404}
        log = await town.fixture.log(group)
        assert [entry.seq for entry in log] == list(range(1, len(log) + 1))
        subjects = [entry.body.subject for entry in log if isinstance(entry.body, SubjectSet)]
        last = [entry.body for entry in log if isinstance(entry.body, Joined | Left)][-1]
        info = await town.node.info(town.ann, group)
        assert info["subject"] == subjects[-1]
        assert (town.cy.number in info["participants"]) == isinstance(last, Joined)
        assert info == await nodes[1].info(town.ann, group)


class TestAnnouncingLate:
    """Entries wait to be announced while who is in the group changes behind them."""

    async def test_a_newcomer_hears_nothing_from_before(self, town: Town) -> None:
        group = await town.node.create(town.ann)
        said = await town.fixture.store_only(town.ann, group, Message(text="before"))
        other = await town.fixture.start_node()
        await other.do(town.ann, group, "add", town.bob)
        town.node.memberships.forget(said.chat_id)  # as the bus would make it
        town.node.announcer.stored([said])
        await town.node.fanout.until(2)
        assert town.node.fanout.told[1] == (said, frozenset([town.ann.account_id]))

    async def test_one_who_left_since_hears_what_was_said_before(self, town: Town) -> None:
        group = await town.node.create(town.ann, town.bob)
        said = await town.fixture.store_only(town.ann, group, Message(text="before"))
        other = await town.fixture.start_node()
        await other.do(town.ann, group, "remove", town.bob)
        after = await town.fixture.store_only(town.ann, group, Message(text="after"), "after")
        town.node.memberships.forget(said.chat_id)
        town.node.announcer.stored([said, after])
        await town.node.fanout.until(3)
        assert town.node.fanout.told[1:] == [
            (said, frozenset([town.ann.account_id, town.bob.account_id])),
            (after, frozenset([town.ann.account_id])),
        ]
