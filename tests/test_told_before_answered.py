"""A node dies right after it answered: what it said to be so is so on the others, who never hear from it again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from server.bus.publisher import Publisher
from server.embedded import EmbeddedStores
from tests.conversation.talk import friends, hear, newcomers, say, texts
from tests.support.node import Node, running_node, settings_for
from tests.support.parts import parts_of, services_of
from tests.support.socket_fixture import until

Pair = tuple[Node, Node]


@pytest.fixture
async def pair(stores: EmbeddedStores, tmp_path: Path) -> AsyncIterator[Pair]:
    """One that stays and one that dies. They remember for much longer than a test takes."""
    async with pair_of(stores, tmp_path) as nodes:
        yield nodes


@asynccontextmanager
async def pair_of(stores: EmbeddedStores, folder: Path, **nodes: float) -> AsyncIterator[Pair]:
    settings = settings_for(folder, nodes={"cache_ttl_s": 300, **nodes})
    async with running_node(stores, settings) as staying, running_node(stores, settings) as dying:
        await until(lambda: all(services_of(node).runtime.bus.lease.others for node in (staying, dying)))
        yield staying, dying


@pytest.fixture
def slow_senders(monkeypatch: pytest.MonkeyPatch) -> list[asyncio.Task[object]]:
    """From now on what nodes publish is on its way for a while; the tasks that do it, to be ended like a process."""
    tasks: list[asyncio.Task[object]] = []
    flush = Publisher.flush

    async def slow(publisher: Publisher) -> None:
        this = asyncio.current_task()
        if this is not None and len(publisher):
            tasks.append(this)
            await asyncio.sleep(0.2)
        await flush(publisher)

    monkeypatch.setattr(Publisher, "flush", slow)
    return tasks


async def test_a_number_blocked_on_one_node_is_blocked_on_the_other(
    pair: Pair, slow_senders: list[asyncio.Task[object]]
) -> None:
    staying, dying = pair
    ann, bob = await friends(staying, 2)
    ann_phone, bob_phone = await staying.connect(ann, "/chat"), await staying.connect(bob, "/chat")
    await say(ann_phone, "before", contact=bob.number)
    await hear(bob_phone, "before")
    status, _ = await dying.rest("POST", f"/api/contacts/{ann.number}/block/", bob)
    for task in slow_senders:
        task.cancel()
    assert status == 200
    await asyncio.sleep(0.5)  # what is on its way arrives; what is not, never does
    await say(ann_phone, "after", contact=bob.number)
    await bob_phone.ask("chats")
    assert texts(bob_phone) == ["before"]


async def test_a_node_whose_redis_hangs_answers_nevertheless(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    _, dying = pair
    (bob,) = await newcomers(dying, 1)

    async def hang(_: Publisher) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(Publisher, "flush", hang)
    async with asyncio.timeout(10):
        status, _ = await dying.rest("POST", "/api/contacts/4930999/block/", bob)
    assert status == 200


async def test_what_a_node_stored_and_told_nobody_is_known_when_its_lease_is_over(
    stores: EmbeddedStores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with pair_of(stores, tmp_path, lease_s=1) as (staying, dying):
        ann, bob = await friends(staying, 2)
        ann_phone, bob_phone = await staying.connect(ann, "/chat"), await staying.connect(bob, "/chat")
        await say(ann_phone, "before", contact=bob.number)
        await hear(bob_phone, "before")
        await parts_of(dying).accounts.block(bob.account_id, ann.number)  # and dies before it says so
        renewal = await services_of(staying).runtime.bus.lease._renew()

        async def without_the_dead() -> object:
            return replace(renewal, ages_s=dict.fromkeys(renewal.ages_s, 2.0))

        monkeypatch.setattr(services_of(staying).runtime.bus.lease, "_renew", without_the_dead)
        await until(lambda: services_of(staying).runtime.bus.lease.is_alone)
        await say(ann_phone, "after", contact=bob.number)
        await bob_phone.ask("chats")
        assert texts(bob_phone) == ["before"]
