"""Who is let in nowhere is refused so many times, then cut off: a crowd of refusals must cost its node next to nothing."""

import asyncio
import json
from time import process_time

import pytest

from tests.support.node import Node
from tests.support.raw import QUERY, frames, request

STRANGER, NOWHERE = '40/chat,{"token":"a.b.c"}', '42/chat,1["chats",{}]'
MANY = 4000  # as many as fit into one body


@pytest.mark.parametrize("packet", [STRANGER, "40/nowhere,", NOWHERE])
async def test_one_body_of_refused_packets_costs_no_more_than_a_few_of_them(node: Node, packet: str) -> None:
    _, _, opened = await request(node.url, "GET", QUERY + "polling")
    path = f"{QUERY}polling&sid={json.loads(opened[1:])['sid']}"
    began = process_time()
    await request(node.url, "POST", path, "\x1e".join([STRANGER, *[packet] * MANY]).encode())
    assert process_time() - began < 0.06, "all of them take twice as long"
    status, _, _ = await request(node.url, "GET", path)
    assert status in (200, 400), "goodbye, or gone already"
    assert (await request(node.url, "GET", path))[0] == 400, "the session is over"


@pytest.mark.parametrize("packet", [STRANGER, NOWHERE])
async def test_a_websocket_that_is_let_in_nowhere_is_closed(node: Node, packet: str) -> None:
    async with frames(node.url) as socket:
        await socket.say(STRANGER)
        for _ in range(300):
            await socket.say(packet)
        assert await socket.ended() == 1008


async def test_whoever_is_refused_now_and_then_stays(node: Node) -> None:
    ann = await node.sign_in_by_code("4930908841")
    async with frames(node.url) as socket:
        for namespace in ("/chat", "/typing", "/presence"):
            for _ in range(100):
                await socket.say(f'40{namespace},{{"token":"a.b.c"}}')
            await socket.join(ann.token, namespace)
        async with asyncio.timeout(30):
            await socket.say('42/chat,7["chats",{}]')
            assert '"ok":true' in await socket.hear_until("43/chat,7")
