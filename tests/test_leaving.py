"""A node that goes with something untold: people on the others do not wait for it in vain."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from models.facts import Invalidation, SignalsMissed
from server.config import MongodbSettings, RedisSettings, Settings
from server.embedded import EmbeddedStores
from tests.conversation.talk import friends, hear, say
from tests.support.line_cutter import LineCutter, line_cutter
from tests.support.node import Device, Node, running_node, settings_for
from tests.support.parts import services_of
from tests.support.socket_fixture import until


@asynccontextmanager
async def two_nodes(
    stores: EmbeddedStores, settings: Settings, folder: Path
) -> AsyncIterator[tuple[Node, Node, LineCutter]]:
    """Two that know each other; the first asks MongoDB through the wire."""
    assert stores.mongod is not None
    async with line_cutter(stores.mongod.port) as wire:
        url = stores.mongod.url_by(wire.port)
        through = EmbeddedStores(folder, MongodbSettings(url=url), RedisSettings(url=stores.redis_url))
        async with running_node(stores, settings) as staying, running_node(through, settings) as leaving:
            await until(lambda: all(services_of(node).runtime.bus.lease.others for node in (staying, leaving)))
            try:
                yield leaving, staying, wire
            finally:
                wire.is_dead = False


async def test_what_was_stored_and_never_announced_is_asked_for(stores: EmbeddedStores, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, mongodb={"timeout_s": 1})
    async with two_nodes(stores, settings, tmp_path) as (leaving, staying, wire):
        ann, tom = await friends(staying, 2)
        ann_phone, tom_phone = await leaving.connect(ann, "/chat"), await staying.connect(tom, "/chat")
        first = await say(ann_phone, "heard", contact=tom.number)
        await hear(tom_phone, "heard")
        wire.cuts, wire.is_last_cut = 1, True
        body = {"chat": first["chat"], "client_id": "last", "text": "unheard"}
        sending = asyncio.ensure_future(ann_phone.ask("message_send", body))
        await until(lambda: wire.is_dead)
        await leaving.go()
        await tom_phone.expect("resync")
        missed = await catch_up(tom_phone, first["chat"], first["seq"])
        assert missed == ["unheard"]
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


async def test_a_node_that_told_all_disturbs_nobody(stores: EmbeddedStores, tmp_path: Path) -> None:
    async with two_nodes(stores, settings_for(tmp_path), tmp_path) as (leaving, staying, _):
        ann, tom = await friends(staying, 2)
        ann_phone, tom_phone = await leaving.connect(ann, "/chat"), await staying.connect(tom, "/chat")
        await say(ann_phone, "heard", contact=tom.number)
        await hear(tom_phone, "heard")
        signals: list[Invalidation] = []
        services_of(staying).runtime.bus_listeners.signal.add(signals.append)
        await leaving.go()
        await until(lambda: services_of(staying).runtime.bus.lease.is_alone)
        assert not any(isinstance(signal, SignalsMissed) for signal in signals)


async def catch_up(device: Device, chat: int, cursor: int) -> list[str]:
    answer = await device.ask("sync", {"cursors": {str(chat): cursor}})
    (state,) = answer["chats"]
    return [entry["text"] for entry in state["entries"]]
