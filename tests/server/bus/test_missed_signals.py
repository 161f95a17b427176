"""Signals that a node never heard: once it knows that it may have missed some, it goes by what is so, not by what it remembers."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from server.embedded import EmbeddedStores
from server.sockets import fanout
from tests.conversation.talk import friends, say, texts
from tests.support.node import Node, Person, running_node, settings_for
from tests.support.parts import parts_of, services_of
from tests.support.socket_fixture import until


@dataclass
class Two:
    """Two nodes, of which the first tells the second nothing, and three friends."""

    mute: Node
    deaf: Node
    ann: Person
    tom: Person
    max: Person

    def miss(self) -> None:
        """The second node learns that it may have missed something."""
        services_of(self.deaf).runtime.fanout.resync()


@pytest.fixture
async def two(stores: EmbeddedStores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Two]:
    settings = settings_for(tmp_path, presence={"grace_s": 0}, nodes={"cache_ttl_s": 300})
    async with running_node(stores, settings) as mute, running_node(stores, settings) as deaf:
        await until(lambda: all(services_of(node).runtime.bus.lease.others for node in (mute, deaf)))
        ann, tom, max_ = await friends(mute, 3)
        monkeypatch.setattr(services_of(mute).runtime.bus, "signal", lambda _: None)
        yield Two(mute, deaf, ann, tom, max_)


async def test_who_left_unheard_is_told_of(two: Two) -> None:
    phone = await two.mute.connect(two.tom, "/presence")
    await phone.ask("presence_set", {"status": "online"}, "/presence")
    watching = await two.deaf.connect(two.ann, "/presence")
    await watching.ask("presence_set", {"status": "online"}, "/presence")
    answer = await watching.ask("presence_watch", {"contacts": [two.tom.number, two.max.number]}, "/presence")
    assert sorted(shown["status"] for shown in answer["presence"]) == ["offline", "online"]
    await phone.client.disconnect()
    board = services_of(two.deaf).presence.presence
    account = await parts_of(two.deaf).accounts.require(two.tom.account_id)

    async def is_offline() -> bool:
        return not await board.is_online(account)

    await until(is_offline)
    assert watching.told("presence") == []
    two.miss()
    (shown,) = await watching.expect("presence")
    assert (shown["contact"], shown["status"]) == (two.tom.number, "offline")
    assert shown["last_seen"] is not None


async def test_whom_somebody_blocked_unheard_reaches_them_no_more(two: Two) -> None:
    ann, tom = await two.deaf.connect(two.ann, "/chat"), await two.deaf.connect(two.tom, "/chat")
    await say(tom, "before", contact=two.ann.number)
    await ann.until(lambda: "before" in texts(ann))
    await parts_of(two.mute).block(two.ann, two.tom)
    await say(tom, "unheard", contact=two.ann.number)
    await ann.until(lambda: "unheard" in texts(ann))
    two.miss()
    await say(tom, "blocked", contact=two.ann.number)
    friend = await two.deaf.connect(two.max, "/chat")
    await say(friend, "marker", contact=two.ann.number)
    await ann.until(lambda: "marker" in texts(ann))
    assert "blocked" not in texts(ann)


async def test_a_crowd_that_must_sync_is_told_so_over_as_long_as_it_takes_a_core_to_bring_it_level(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    phones = [await two.deaf.connect(each) for each in (two.ann, two.tom, two.max)]
    told = [len(phone.told("resync")) for phone in phones]
    monkeypatch.setattr(fanout, "RESYNC_OVER_S", 0.01)
    monkeypatch.setattr(fanout, "RESYNCS_PER_S", 2.0)
    monkeypatch.setattr(fanout, "random", lambda: 1.0)  # the end of the spread
    begun = asyncio.get_running_loop().time()
    two.miss()
    for phone, before in zip(phones, told, strict=True):
        await phone.expect("resync", before + 1)
    assert asyncio.get_running_loop().time() - begun >= 1.4
