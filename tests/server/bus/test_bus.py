"""Nodes tell each other what their people must hear, hear nothing else, and never leave anybody behind without a word."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest

from models.documents.chat import Chat
from models.documents.entry import Joined, Left
from server.bus.bus import Bus
from server.embedded import EmbeddedStores
from tests.conversation.talk import friends, hear, messages, newcomers, say
from tests.support.node import Device, Node, Person, running_node, settings_for
from tests.support.parts import parts_of, services_of
from tests.support.socket_fixture import until

LARGE = 32
_absent = count(1_000_000)


@dataclass
class Site:
    """Nodes over one database and one Redis, in this process."""

    stores: EmbeddedStores
    folder: Path
    stack: AsyncExitStack
    nodes: list[Node] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.settings = settings_for(
            self.folder, auth={"secret": "the secret that these nodes share"}, presence={"grace_s": 0}
        )

    async def start(self, how_many: int) -> list[Node]:
        """That many more nodes; returns when all know each other and have told their clients so."""
        for _ in range(how_many):
            self.nodes.append(await self.stack.enter_async_context(running_node(self.stores, self.settings)))
        await until(lambda: all(len(bus_of(node).lease.others) == len(self.nodes) - 1 for node in self.nodes))
        return self.nodes[-how_many:]


@pytest.fixture
async def site(stores: EmbeddedStores, tmp_path: Path) -> AsyncIterator[Site]:
    async with AsyncExitStack() as stack:
        yield Site(stores, tmp_path, stack)


def bus_of(node: Node) -> Bus:
    return services_of(node).runtime.bus


def absent(how_many: int) -> list[Person]:
    """People who are nowhere."""
    return [Person(str(49_309_000_000_000 + n), n, "") for _, n in zip(range(how_many), _absent, strict=False)]


async def add(node: Node, chat: Chat, by: Person, *people: Person) -> int:
    """Let people join a chat; the seq with which they did."""
    joined = Joined(tuple(one.account_id for one in people), tuple(one.number for one in people))
    return (await parts_of(node).change_chat(by, chat.id, joined)).seq


async def remove(node: Node, chat: Chat, by: Person, who: Person) -> int:
    return (await parts_of(node).change_chat(by, chat.id, Left(who.account_id, who.number))).seq


def reading(node: Node) -> list[bytes]:
    """What this node reads from the bus from now on."""
    read: list[bytes] = []
    subscriptions = bus_of(node).shards.home.subscriptions
    pass_on = subscriptions._on_message

    def note(channel: str, data: bytes) -> None:
        read.append(data)
        pass_on(channel, data)

    subscriptions._on_message = note
    return read


def listens(node: Node, chat: Chat) -> bool:
    """Whether Redis has confirmed that this node listens to a chat."""
    bus = bus_of(node)
    channel = bus.large_chats.channel(chat.id)
    return bus.shards._of(channel).subscriptions.is_confirmed(channel)


def seqs(device: Device, chat: Chat) -> list[int]:
    """The seqs of a chat's messages, in the order told."""
    return [message["seq"] for message in messages(device) if message["chat"] == chat.id]


async def overhear(node: Node, speaker: Device, listener: Device) -> None:
    """Return when what the speaker's node published before has reached the listener's: what comes last comes by the same way."""
    pair = await parts_of(node).found_group(speaker.person, listener.person)
    await say(speaker, "over", chat=pair.id)
    await hear(listener, "over")


async def test_a_node_reads_nothing_of_a_large_chat_that_none_of_its_people_is_in(site: Site) -> None:
    first, second, third = await site.start(3)
    ann, tom, eve = await newcomers(first, 3)
    chat = await parts_of(first).found_group(ann, tom, *absent(LARGE))
    anns, toms, eves = await first.connect(ann), await second.connect(tom), await third.connect(eve)
    read_by_second, read_by_third = reading(second), reading(third)
    for n in range(20):
        await say(anns, f"secret {n}", chat=chat.id)
        await anns.ask("typing_start", {"chat": chat.id}, "/typing")
    await hear(toms, "secret 19")
    assert any(b"secret 19" in data for data in read_by_second)
    await overhear(first, anns, eves)
    assert not [data for data in read_by_third if b"secret" in data or b"typing" in data]


async def test_a_node_does_not_read_what_it_published_for_its_own_people_alone(site: Site) -> None:
    first, second = await site.start(2)
    ann, tom, eve = await friends(first, 3)
    anns, toms, eves = [await first.connect(each) for each in (ann, tom, eve)]
    everywhere = await second.connect(eve)
    chat = await parts_of(first).found_group(ann, tom, *absent(LARGE))
    read = [reading(first), reading(second)]
    await say(anns, "to a friend", contact=tom.number)
    await say(anns, "to many", chat=chat.id)
    await hear(toms, "to many")
    await say(anns, "to two places", contact=eve.number)
    await asyncio.gather(hear(eves, "to two places"), hear(everywhere, "to two places"))
    assert any(b"to two places" in data for data in read[1])
    assert not [data for data in read[0] + read[1] if b"to a friend" in data or b"to many" in data]


async def test_a_chat_that_becomes_large_tells_those_on_other_nodes_to_sync_and_goes_on_there(site: Site) -> None:
    first, second = await site.start(2)
    ann, tom = await newcomers(first, 2)
    anns, toms = await first.connect(ann), await second.connect(tom)
    chat = await parts_of(first).found_group(ann, tom, *absent(LARGE - 2))
    await say(anns, "small", chat=chat.id)
    await hear(toms, "small")
    synced = len(toms.told("resync"))
    await add(first, chat, ann, *absent(1))
    await until(lambda: listens(second, chat))
    await toms.expect("resync", synced + 1)
    read = reading(second)
    await say(anns, "large", chat=chat.id)
    await hear(toms, "large")
    assert [data for data in read if b"large" in data]
    assert seqs(toms, chat) == [2, 4]


async def test_whoever_joins_a_large_chat_hears_of_it_is_told_to_sync_and_hears_what_follows(site: Site) -> None:
    first, second = await site.start(2)
    ann, tom = await newcomers(first, 2)
    chat = await parts_of(first).found_group(ann, *absent(LARGE))
    anns, toms = await first.connect(ann), await second.connect(tom)
    assert not listens(second, chat)
    synced = len(toms.told("resync"))
    seq = await add(first, chat, ann, tom)
    (change,) = await toms.expect("chat_changed")
    assert change["change"]["seq"] == seq
    await toms.expect("resync", synced + 1)
    assert listens(second, chat)
    await say(anns, "welcome", chat=chat.id)
    await hear(toms, "welcome")


def changes_after(seq: int, client: Device) -> list[int]:
    """Returns the numbers of the changes that a client was told; how the group was founded, it may hear or know by its greeting."""
    seqs = [change["change"]["seq"] for change in client.told("chat_changed")]
    return [told for told in seqs if told > seq]


async def test_whoever_is_removed_from_a_large_chat_hears_that_and_nothing_more(site: Site) -> None:
    first, second = await site.start(2)
    ann, tom, eve = await newcomers(first, 3)
    chat = await parts_of(first).found_group(ann, tom, eve, *absent(LARGE))
    anns, toms, eves = await first.connect(ann), await second.connect(tom), await second.connect(eve)
    seq = await remove(first, chat, ann, tom)
    await say(anns, "about tom", chat=chat.id)
    await hear(eves, "about tom")
    await toms.until(lambda: changes_after(seq - 1, toms) == [seq])
    await remove(first, chat, ann, eve)
    await until(lambda: not listens(second, chat))
    await say(anns, "about both", chat=chat.id)
    await overhear(first, anns, toms)
    assert seqs(toms, chat) == []
    assert seqs(eves, chat) == [seq + 1]
    assert changes_after(seq - 1, toms) == [seq]
    assert changes_after(seq - 1, eves) == [seq, seq + 2]


async def test_a_node_that_was_alone_listens_for_its_people_when_another_comes_and_tells_them_to_sync(
    site: Site,
) -> None:
    (first,) = await site.start(1)
    ann, tom = await newcomers(first, 2)
    chat = await parts_of(first).found_group(ann, tom, *absent(LARGE))
    anns = await first.connect(ann)
    (second,) = await site.start(1)
    toms = await second.connect(tom)
    await say(toms, "missed or not", chat=chat.id)
    await anns.expect("resync")
    await until(lambda: listens(first, chat))
    await say(toms, "heard", chat=chat.id)
    await hear(anns, "heard")


async def test_after_a_break_all_is_listened_to_again_and_everybody_told_to_sync(site: Site) -> None:
    first, second = await site.start(2)
    ann, tom = await newcomers(first, 2)
    chat = await parts_of(first).found_group(ann, tom, *absent(LARGE))
    anns, toms = await first.connect(ann), await second.connect(tom)
    synced = len(toms.told("resync"))
    broken = bus_of(second).breaks
    for client in await services_of(first).runtime.outside.redis.client_list(_type="pubsub"):
        await services_of(first).runtime.outside.redis.client_kill_filter(_id=client["id"])
    await until(lambda: bus_of(second).breaks > broken)
    await toms.expect("resync", synced + 1)
    await until(lambda: listens(second, chat) and bus_of(second).is_up)
    await say(anns, "again", chat=chat.id)
    await hear(toms, "again")


async def test_what_a_node_missed_by_signal_it_learns_after_any_gap(site: Site) -> None:
    first, second = await site.start(2)
    ann, tom = await newcomers(first, 2)
    anns, toms = await first.connect(ann), await second.connect(tom)
    chat = await parts_of(first).found_group(ann, *absent(LARGE))
    bus_of(second).shards.home.subscriptions._on_message = lambda *_: None
    await add(first, chat, ann, tom)
    bus_of(second).shards.home.subscriptions._on_message = bus_of(second)._on_message
    synced = len(toms.told("resync"))
    bus_of(first).shards.home.publisher.discard()
    bus_of(first).shards.home.publisher.work.set()
    await until(lambda: listens(second, chat))
    await toms.expect("resync", synced + 1)
    await say(anns, "found", chat=chat.id)
    await hear(toms, "found")


async def test_a_group_without_its_mark_reaches_everybody_all_the_same(site: Site) -> None:
    first, second = await site.start(2)
    ann, tom = await newcomers(first, 2)
    chat = await parts_of(first).found_group(ann, tom, *absent(LARGE))
    database = parts_of(first).database.raw
    rows = {"_id": {"$gt": chat.id << 32, "$lt": (chat.id + 1) << 32}}
    await database["members"].update_many(rows, {"$unset": {"large": ""}})
    await database["chats"].update_one({"_id": chat.id}, {"$unset": {"large": ""}})
    for node in site.nodes:
        services_of(node).log.memberships.forget(chat.id)
    anns, toms = await first.connect(ann), await second.connect(tom)
    await say(anns, "as before", chat=chat.id)
    await hear(toms, "as before")


async def test_every_connection_to_redis_speaks_resp3(site: Site) -> None:
    (node,) = await site.start(1)
    redis = services_of(node).runtime.outside.redis
    assert (await redis.client_info())["resp"] == "3"
    pubsub = bus_of(node).shards.home.subscriptions._pubsub
    assert pubsub is not None
    assert pubsub.connection.protocol == 3


async def test_a_node_that_the_others_had_given_up_tells_them_at_once_that_it_is_back(site: Site) -> None:
    first, second = await site.start(2)
    (ann,) = await newcomers(first, 1)
    phone = await first.connect(ann, "/chat")
    told = len(phone.told("resync"))
    back, other = bus_of(first), bus_of(second)
    next(
        task for task in other._tasks._tasks if task.get_name() == "bus lease"
    ).cancel()  # what it finds out by itself comes later
    other.lease.forget(back.node)
    await services_of(first).runtime.outside.redis.zadd(back.lease.key, {back.node: 0})
    await until(lambda: other.lease.others == {back.node})
    await phone.expect("resync", told + 1)
