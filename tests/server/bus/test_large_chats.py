"""A chat that grows past the limit while people come, go, join and leave: who syncs only when told to is never behind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from models.documents.chat import Chat
from models.documents.entry import Joined, Left
from models.facts import ChatMembersChanged, Invalidation
from server.embedded import EmbeddedStores
from tests.conversation.talk import newcomers, say
from tests.support.node import Device, Node, Person, running_node, settings_for
from tests.support.parts import parts_of, services_of
from tests.support.socket_fixture import until

LARGE, PEOPLE, STEPS = 4, 8, 50


@dataclass
class Trusting:
    """A device that believes what it is told, and asks only when it connects, when it has come to the chat, and when it is told to."""

    person: Person
    device: Device | None = None
    live: list[int] = field(default_factory=list)  # seqs told in the order told, on all connections
    known: set[int] = field(default_factory=set)
    syncing: list[asyncio.Task[None]] = field(default_factory=list)

    async def come(self, node: Node, chat: Chat) -> None:
        told: list[tuple[str, Any]] = []
        is_synced = False

        def hear(event: str, body: Any) -> None:
            if not is_synced:
                told.append((event, body))
            else:
                self.hear(event, body, chat)

        self.device = await node.connect(self.person, "/chat", listener=hear)
        await self.device.expect("ready")
        await self.sync(chat)
        is_synced = True
        for event, body in told:
            self.hear(event, body, chat)

    async def go(self, node: Node) -> None:
        await asyncio.gather(*self.syncing)
        device, self.device = self.device, None
        assert device is not None
        await device.client.disconnect()
        node.clients.remove(device.client)

    def hear(self, event: str, body: Any, chat: Chat) -> None:
        entry = body.get("message") or body.get("change") or {}
        if event == "resync" or self.person.account_id in entry.get("accounts", ()):
            self.syncing.append(asyncio.create_task(self.sync(chat)))
        if event in ("message_created", "chat_changed") and entry.get("chat", body.get("chat")) == chat.id and entry:
            self.live.append(entry["seq"])
            self.known.add(entry["seq"])

    async def sync(self, chat: Chat) -> None:
        """Everything again: what is asked here is not what the test is about."""
        assert self.device is not None
        answer = await self.device.ask("sync", {"cursors": {}})
        assert answer["ok"], answer
        after, more = 0, any(state["chat"] == chat.id for state in answer["chats"])
        while more:
            page = await self.device.ask("history", {"chat": chat.id, "after": after, "limit": 200})
            assert page["ok"], page
            self.known.update(entry["seq"] for entry in page["entries"])
            more, after = page["more"], page["next"] or 0


@dataclass
class Fixture:
    """Two nodes, a chat, who is in it, and who holds a device on which node."""

    nodes: list[Node]
    chat: Chat
    people: list[Person]
    members: set[int] = field(default_factory=set)
    devices: dict[int, tuple[Node, Trusting]] = field(default_factory=dict)
    past: list[Trusting] = field(default_factory=list)
    signalled: dict[str, set[int]] = field(default_factory=dict)  # by node, the changes that it was told of

    def __post_init__(self) -> None:
        for node in self.nodes:
            seqs = self.signalled.setdefault(node.url, set())
            services_of(node).runtime.bus_listeners.signal.add(partial(self._signalled, seqs))

    def _signalled(self, seqs: set[int], signal: Invalidation) -> None:
        if isinstance(signal, ChatMembersChanged) and signal.chat_id == self.chat.id:
            seqs.add(signal.seq)

    async def step(self, random: Random) -> None:
        """Somebody does something."""
        who = random.randrange(1, PEOPLE)  # the founder stays
        node = random.choice(self.nodes)
        roll = random.random()
        if roll < 0.5:
            await self.say(random)
        elif roll < 0.65 and who not in self.members:
            person = self.people[who]
            await self.change(node, Joined((person.account_id,), (person.number,)))
            self.members.add(who)
        elif roll < 0.75 and who in self.members:
            await self.change(node, Left(self.people[who].account_id, self.people[who].number))
            self.members.discard(who)
        elif who in self.devices:
            held_by, trusting = self.devices.pop(who)
            await trusting.go(held_by)
        else:
            trusting = Trusting(self.people[who])
            await trusting.come(node, self.chat)
            self.devices[who] = node, trusting
            self.past.append(trusting)

    async def say(self, random: Random) -> None:
        talking = [trusting for who, (_, trusting) in self.devices.items() if who in self.members or who == 0]
        device = random.choice(talking).device
        assert device is not None
        await say(device, "hi", chat=self.chat.id)

    async def change(self, node: Node, body: Joined | Left) -> None:
        """Change who is in the chat, and wait until every node has been told: one that has not believes what it knew."""
        change = await parts_of(node).change_chat(self.people[0], self.chat.id, body)
        await until(lambda: all(change.seq in seqs for seqs in self.signalled.values()))

    async def settle(self) -> None:
        """Return when nobody who is connected misses anything."""
        try:
            async with asyncio.timeout(60):
                while await self.missing():  # noqa: ASYNC110 (who was told to sync does so when it likes)
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"behind without a word: {await self.missing()}") from None

    async def missing(self) -> dict[int, set[int]]:
        """What members who are connected should know by the store, and do not."""
        stores = services_of(self.nodes[0]).runtime.stores
        log = {entry.seq for entry in await stores.entries.list_range(self.chat.id, 1, 2**31, limit=10_000)}
        found = {}
        for who, (_, trusting) in self.devices.items():
            member = await stores.members.find_member(self.chat.id, self.people[who].account_id)
            theirs = {seq for seq in log if member is not None and member.is_active and member.may_view(seq)}
            if behind := theirs - trusting.known:
                found[who] = behind
        return found

    async def outsiders(self) -> dict[int, set[int]]:
        """What people were told and had no right to."""
        stores = services_of(self.nodes[0]).runtime.stores
        found = {}
        for trusting in self.past:
            member = await stores.members.find_member(self.chat.id, trusting.person.account_id)
            told = {seq for seq in trusting.live if member is None or not member.may_view(seq)}
            if told:
                found[trusting.person.account_id] = told
        return found


@pytest.fixture
async def nodes(stores: EmbeddedStores, tmp_path: Path) -> AsyncIterator[list[Node]]:
    settings = settings_for(
        tmp_path, auth={"secret": "the secret that these nodes share"}, chat={"large_chat_members": LARGE}
    )
    async with AsyncExitStack() as stack:
        found = [await stack.enter_async_context(running_node(stores, settings)) for _ in range(2)]
        await until(lambda: all(services_of(node).runtime.bus.lease.others for node in found))
        yield found


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.timeout(300)
async def test_whoever_is_connected_knows_all_of_the_chat_and_was_told_nothing_twice_or_without_right(
    nodes: list[Node], seed: int
) -> None:
    random = Random(seed)
    people = await newcomers(nodes[0], PEOPLE)
    chat = await parts_of(nodes[0]).found_group(people[0])
    fixture = Fixture(nodes, chat, people)
    founder = Trusting(people[0])
    await founder.come(nodes[0], chat)
    fixture.devices[0] = nodes[0], founder
    for _ in range(STEPS):
        await fixture.step(random)
    await fixture.settle()
    for trusting in [founder, *fixture.past]:
        assert len(trusting.live) == len(set(trusting.live)), "told twice"
    assert await fixture.outsiders() == {}
    for node, trusting in fixture.devices.values():
        await trusting.go(node)


@pytest.mark.timeout(300)
async def test_what_one_node_publishes_is_heard_in_order_while_the_chat_grows_large_and_larger(
    nodes: list[Node],
) -> None:
    first, second = nodes
    ann, tom, *others = await newcomers(first, PEOPLE)
    chat = await parts_of(first).found_group(ann, tom)
    fixture = Fixture(nodes, chat, [ann, tom, *others])
    speaker = await first.connect(ann, "/chat")
    listener = Trusting(tom)
    await listener.come(second, chat)
    fixture.devices[1] = second, listener

    async def talk() -> None:
        for n in range(150):
            await say(speaker, str(n), chat=chat.id)

    async def grow() -> None:
        for other in others:
            await fixture.change(first, Joined((other.account_id,), (other.number,)))

    await asyncio.gather(talk(), grow())
    await fixture.settle()
    assert listener.live == sorted(set(listener.live))
    await listener.go(second)
