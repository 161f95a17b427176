"""A change that is applied again after later ones changes nothing: two nodes may apply it, and one of them may be slow."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import permutations

import pytest

from models.documents.chat import Pinners, Role
from models.documents.entry import Body, Entry, Joined, Left, PhotoSet, PinnersSet, RoleSet, SubjectSet
from models.documents.photo import Photo
from models.facts import ChatMembersChanged
from models.services.chats.membership import MembershipCache
from models.services.chats.recovery import recover_pending_changes
from models.stores.chats import Chats
from models.stores.counters import Counters
from models.stores.database import Database
from models.stores.entries import Entries
from models.stores.members import Members
from server.embedded import EmbeddedStores
from tests.support.group_fixture import Town
from tests.support.node import Node, running_node, settings_for
from tests.support.parts import parts_of, services_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PHOTO = Photo("a.jpg", "b.jpg")


class Later:
    def now(self) -> datetime:
        return datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture
async def node(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    async with running_node(stores, settings_for(tmp_path_factory.mktemp("node"))) as running:
        yield running


def joined(*accounts: int) -> Joined:
    return Joined(accounts, tuple(map(str, accounts)))


async def written(chats: Chats, *bodies: Body) -> list[Entry]:
    """These as the first entries of a group, applied in this order."""
    group = await chats.create_group((7, "7"), "A", NOW)
    log = [Entry(group.id, seq, 1, "1", f"client {seq}", NOW, body) for seq, body in enumerate(bodies, start=1)]
    for change in log:
        await chats.apply(change)
    return log


async def test_a_join_applied_again_makes_no_member_of_an_account_that_was_removed(database: Database) -> None:
    chats, members = Chats(database, Counters(database)), Members(database)
    log = await written(chats, joined(7, 8), Left(8, "8"))
    await members.forget_left(8)
    await chats.apply(log[0])
    roster = await chats.load_roster(log[0].chat_id)
    assert roster.members == {7}
    assert await members.find_member(log[0].chat_id, 8) is None
    assert await members.list_audience(log[0].chat_id, 1) == {7}, "and nothing says that it was one"


async def test_whoever_comes_back_after_the_removal_begins_anew(database: Database) -> None:
    chats, members = Chats(database, Counters(database)), Members(database)
    log = await written(chats, joined(7, 8), Left(8, "8"))
    await members.forget_left(8)
    back = Entry(log[0].chat_id, 5, 1, "1", "client 5", NOW, joined(8))
    for change in [back, log[0], back, log[1]]:
        await chats.apply(change)
    member = await members.find_member(back.chat_id, 8)
    assert member is not None
    assert (member.is_active, member.since, member.is_listed, member.read) == (True, 5, True, 4)
    assert not member.may_view(1)


async def test_no_order_of_applying_again_undoes_what_came_later(database: Database) -> None:
    chats, members = Chats(database, Counters(database)), Members(database)
    early = [joined(7, 8), SubjectSet("B"), Left(8, "8"), PhotoSet(PHOTO), PinnersSet(Pinners.ALL)]
    late = [RoleSet(7, "7", Role.ADMIN), SubjectSet("C"), PhotoSet(None), PinnersSet(Pinners.ADMINS)]
    log = await written(chats, *early, *late)
    await members.forget_left(8)

    async def rows() -> list[object]:
        return [await database.raw[name].find().sort("_id", 1).to_list(None) for name in ("chats", "members")]

    before = await rows()
    for order in permutations(log[: len(early)]):
        for change in order:
            await chats.apply(change)
    assert await rows() == before


async def test_a_join_applied_again_by_a_slow_node_makes_no_member_of_the_dead(node: Node) -> None:
    ann, bob = [await node.sign_in(f"49303{n:07}") for n in range(2)]
    await node.befriend(ann, bob)
    group = await parts_of(node).found_group(ann, bob)
    entries = Entries(parts_of(node).database)
    first = await entries.find(group.id, 1)
    assert first is not None
    status, answer = await node.rest("POST", "/api/account/remove-account/", bob, json={"feedback": "bye"})
    assert status == 200, answer
    await services_of(node).log.memberships.apply(first)
    status, info = await node.rest("GET", f"/api/groups/{group.group}/info/", ann)
    assert (status, info["participants"]) == (200, [ann.number])


async def test_one_who_left_a_large_group_is_not_said_to_have_come_by_an_older_change(database: Database) -> None:
    chats, heard = Chats(database, Counters(database), large=2), []
    log = await written(chats, joined(7, 8, 9), joined(5), Left(5, "5"))
    memberships = MembershipCache(chats, Entries(database), heard.append, lambda _: None)
    await memberships.apply(log[1])
    assert [signal.came for signal in heard if isinstance(signal, ChatMembersChanged)] == [[]]


async def test_what_a_dead_node_left_is_applied_in_the_order_of_the_log_whatever_its_clock_said(town: Town) -> None:
    """The sweep takes what is old enough; of two changes the later one may be the older one by its node's clock."""
    group = await town.node.create(town.ann, town.bob)
    chat_id = await town.fixture.chat_id(group)
    gone = await town.fixture.store_only(town.ann, group, Left(town.bob.account_id, town.bob.number))
    back = await town.fixture.store_only(town.ann, group, Joined((town.bob.account_id,), (town.bob.number,)), "back")
    entries = town.fixture.database.raw["entries"]
    await entries.update_one({"client": gone.client_id}, {"$set": {"at": datetime(2101, 1, 1, tzinfo=UTC)}})
    other = await town.fixture.start_node()
    await recover_pending_changes(town.fixture.entries, other.memberships, Later(), lambda _: None)
    member = await town.fixture.members.find_member(chat_id, town.bob.account_id)
    assert member is not None
    assert [(span.first, span.last) for span in member.spans] == [(1, gone.seq), (back.seq, None)]
