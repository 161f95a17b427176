"""A client that stops reading is closed and may come back; nobody waits for it, and it costs a bounded amount of memory."""

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest

from server.embedded import EmbeddedStores
from tests.support.node import Device, settings_for
from tests.support.raw import frames as open_frames
from tests.support.raw import open_polling
from tests.support.socket_fixture import Friends, friends_on_a_node, sockets_of, until

TEXT = "x" * 8000
QUEUE_MAX = 16
FEW = 4


@pytest.fixture
async def friends(stores: EmbeddedStores, tmp_path: Path) -> Any:
    settings = settings_for(
        tmp_path, sockets={"queue_max_packets": QUEUE_MAX, "ping_interval_s": 0.5, "ping_timeout_s": 2.5}
    )
    async with friends_on_a_node(stores, settings) as fixture:
        yield fixture


async def write(phone: Device, number: str, count: int, start: int = 0) -> None:
    """A few at once, for a slow disk's sake; the writer itself must not fall behind by QUEUE_MAX packets."""
    for first in range(start, start + count, FEW):
        some = range(first, min(first + FEW, start + count))
        bodies = [{"contact": number, "client_id": f"slow-{n}", "text": TEXT} for n in some]
        for answer in await asyncio.gather(*(phone.ask("message_send", body) for body in bodies)):
            assert answer["ok"], answer


def shrink(writer: asyncio.StreamWriter) -> None:
    """The kernel holds little for a client that does not read."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)


async def test_it_is_closed_and_others_do_not_wait(friends: Friends) -> None:
    sockets = sockets_of(friends.node)
    before = set(sockets.eio.sockets)
    async with open_frames(friends.node.url, limit=1024) as slow:
        shrink(slow.writer)
        await slow.join(friends.tom.token)
        (slow_sid,) = set(sockets.eio.sockets) - before
        slow.writer.transport.pause_reading()
        count, most = 0, 0
        async with asyncio.timeout(90):
            while slow_sid in sockets.eio.sockets:
                await write(friends.ann_phone, friends.tom.number, 20, count)
                count += 20
                queue = getattr(sockets.eio.sockets.get(slow_sid), "queue", None)
                most = max(most, len(queue) if queue is not None else 0)
        assert most <= QUEUE_MAX
        assert set(sockets.eio.sockets) == before
        heard = await friends.tom_phone.expect("message_created", count + 1)
        assert [body["message"]["seq"] for body in heard] == list(range(1, count + 2))
    back = await friends.node.connect(friends.tom, "/chat")
    entries, cursor = [], 0
    while True:
        synced = await back.ask("sync", {"cursors": {str(friends.chat): cursor}})
        entries += synced["chats"][0]["entries"]
        cursor = synced["chats"][0]["cursor"]
        if not synced["more"]:
            break
    assert [entry["seq"] for entry in entries] == list(range(1, count + 2))
    await friends.still_talk()


async def test_a_polling_client_that_stops_polling_is_closed(friends: Friends) -> None:
    sockets = sockets_of(friends.node)
    polling = await open_polling(friends.node.url)
    await polling.join(friends.tom.token)
    before = sockets.eio.slow_readers
    await write(friends.ann_phone, friends.tom.number, QUEUE_MAX + 2)
    await until(lambda: polling.sid not in sockets.eio.sockets)
    assert sockets.eio.slow_readers == before + 1
    assert (await polling.poll())[0] == 400
    await friends.still_talk()


async def test_a_client_that_answers_no_ping_is_closed(friends: Friends) -> None:
    polling = await open_polling(friends.node.url)
    sockets = sockets_of(friends.node)
    async with open_frames(friends.node.url) as silent:
        await silent.join(friends.tom.token)
        assert await silent.ended() == 1001
    await until(lambda: polling.sid not in sockets.eio.sockets)
    await friends.still_talk()


async def test_a_dead_client_that_reads_nothing_is_cut_off(friends: Friends) -> None:
    """No close frame gets through to it: the line itself must end."""
    sockets = sockets_of(friends.node)
    before = set(sockets.eio.sockets)
    async with open_frames(friends.node.url, limit=1024) as dead:
        shrink(dead.writer)
        await dead.join(friends.tom.token)
        (sid,) = set(sockets.eio.sockets) - before
        dead.writer.transport.pause_reading()
        frames = sockets.eio.sockets[sid].frames
        assert frames is not None
        await until(lambda: sid not in sockets.eio.sockets)
        await until(lambda: frames.is_over)


async def test_answers_without_a_reader_are_bounded_by_their_size(stores: EmbeddedStores, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, sockets={"queue_max_chars": 200_000, "in_flight_max": 1000})
    async with friends_on_a_node(stores, settings) as friends:
        await write(friends.ann_phone, friends.tom.number, 10)
        sockets = sockets_of(friends.node)
        before = set(sockets.eio.sockets)
        async with open_frames(friends.node.url, limit=1024) as greedy:
            shrink(greedy.writer)
            await greedy.join(friends.tom.token)
            (sid,) = set(sockets.eio.sockets) - before
            greedy.writer.transport.pause_reading()
            most = 0
            async with asyncio.timeout(90):
                for n in range(2000):
                    held = sockets.eio.sockets.get(sid)
                    if held is None:
                        break
                    most = max(most, held.queue.chars)
                    await greedy.say(f'42/chat,{n}["history",{{"chat":{friends.chat},"limit":200}}]')
                    await asyncio.sleep(0.002)
            assert most < 200_000 + 100_000, "the bound and one answer"
            await until(lambda: sid not in sockets.eio.sockets)
        await friends.still_talk()
