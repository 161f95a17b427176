"""A receipt that was acknowledged is told, whatever fails between the acknowledgement and the telling."""

import asyncio
from collections.abc import AsyncIterator, Collection
from pathlib import Path

import pytest
from pymongo.errors import AutoReconnect

from models.documents.chat import Member, Roster
from models.services.chats.membership import MembershipCache
from models.stores.members import Members
from server.embedded import EmbeddedStores
from tests.conversation.talk import answered, friends, phones, say
from tests.support.node import Device, Node, running_node, settings_for
from tests.support.parts import services_of
from tests.support.socket_fixture import until


@pytest.fixture
async def node(stores: EmbeddedStores, tmp_path: Path) -> AsyncIterator[Node]:
    async with running_node(stores, settings_for(tmp_path)) as running:
        yield running


def delivered(device: Device) -> list[int]:
    return [body["delivered"] for body in device.told("receipt")]


async def test_a_receipt_is_told_after_the_database_was_away_when_it_was_to_be(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    message = await say(ann, contact=tom.person.number)
    find, was_asked = Members.list_members, asyncio.Event()

    async def fail(_: Members, places: Collection[tuple[int, int]]) -> list[Member]:
        was_asked.set()
        raise AutoReconnect("away")

    monkeypatch.setattr(Members, "list_members", fail)
    await answered(tom, "delivered", {"chat": message["chat"], "seq": 1}, "/receipts")
    async with asyncio.timeout(30):
        await was_asked.wait()
    monkeypatch.setattr(Members, "list_members", find)
    await ann.until(lambda: delivered(ann) == [1])


async def test_a_receipt_is_told_after_the_chat_could_not_be_read_when_it_was_to_be(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    message = await say(ann, contact=tom.person.number)
    require, was_asked = MembershipCache.require, asyncio.Event()

    async def fail(self: MembershipCache, chat_id: int) -> Roster:
        task = asyncio.current_task()
        if task is not None and task.get_name() == "receipts teller":
            was_asked.set()
            raise AutoReconnect("away")
        return await require(self, chat_id)

    monkeypatch.setattr(MembershipCache, "require", fail)
    await answered(tom, "delivered", {"chat": message["chat"], "seq": 1}, "/receipts")
    async with asyncio.timeout(30):
        await was_asked.wait()
    monkeypatch.setattr(MembershipCache, "require", require)
    await ann.until(lambda: delivered(ann) == [1])


async def test_a_receipt_that_was_acknowledged_just_before_its_node_stopped_is_told_by_others(
    stores: EmbeddedStores, tmp_path: Path
) -> None:
    settings = settings_for(tmp_path)
    async with running_node(stores, settings) as first, running_node(stores, settings) as second:
        await until(lambda: all(len(services_of(node).runtime.bus.lease.others) == 1 for node in (first, second)))
        people = await friends(first, 2)
        ann, tom = await second.connect(people[0]), await first.connect(people[1])
        message = await say(ann, contact=tom.person.number)
        await answered(tom, "delivered", {"chat": message["chat"], "seq": 1}, "/receipts")
        await first.go()
        await ann.until(lambda: delivered(ann) == [1])


async def test_where_a_node_that_stops_cannot_tell_a_receipt_the_others_people_are_told_to_sync(
    stores: EmbeddedStores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(tmp_path)
    async with running_node(stores, settings) as first, running_node(stores, settings) as second:
        await until(lambda: all(len(services_of(node).runtime.bus.lease.others) == 1 for node in (first, second)))
        people = await friends(first, 2)
        ann, tom = await second.connect(people[0]), await first.connect(people[1])
        message = await say(ann, contact=tom.person.number)

        async def fail(_: Members, places: Collection[tuple[int, int]]) -> list[Member]:
            raise AutoReconnect("away")

        with monkeypatch.context() as patch:
            patch.setattr(Members, "list_members", fail)
            await answered(tom, "delivered", {"chat": message["chat"], "seq": 1}, "/receipts")
            await first.go()
        await ann.until(lambda: bool(ann.told("resync")))
        sync = await answered(ann, "sync", {"cursors": {str(message["chat"]): message["seq"]}})
        (state,) = sync["chats"]
        assert [mark["delivered"] for mark in state["marks"] if mark["account"] == tom.person.account_id] == [1]
