"""Promise 4: messages that one connection sends to one chat get ascending seqs in the order sent."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from server.embedded import EmbeddedStores
from tests.support.javascript_client import install_javascript_client, javascript_client
from tests.support.node import Device, running_node, settings_for
from tests.support.raw import frames, open_polling
from tests.support.socket_fixture import sign_in_friends

COUNT = 1000  # eight times what one connection may have under way


def burst(number: str) -> list[str]:
    return [
        f'42/chat,{n}["message_send",{{"contact":"{number}","client_id":"{n}","text":"{n}"}}]' for n in range(COUNT)
    ]


async def read_texts(phone: Device, contact: str, after: int) -> list[str]:
    """The texts of a chat in the order of its history, whose numbers have no hole."""
    texts: list[str] = []
    page: dict[str, Any] = {"next": after}
    while page["next"] is not None:
        page = await phone.ask("history", {"contact": contact, "after": page["next"], "limit": 200})
        assert [entry["seq"] for entry in page["entries"]] == [
            after + len(texts) + n for n in range(1, len(page["entries"]) + 1)
        ]
        texts += [entry["text"] for entry in page["entries"]]
    return texts


@pytest.mark.parametrize("transport", ["websocket", "polling"])
@pytest.mark.parametrize("is_warm", [True, False], ids=["warm", "cold"])
async def test_a_burst_is_stored_in_the_order_sent(
    stores: EmbeddedStores, tmp_path: Path, transport: str, is_warm: bool
) -> None:
    settings = settings_for(tmp_path)
    async with running_node(stores, settings) as node:
        ann, tom = await sign_in_friends(node)
        phone = await node.connect(ann, "/chat")
        first = {"contact": tom.number, "client_id": "first", "text": "first"}
        assert (await phone.ask("message_send", first))["ok"]
    async with running_node(stores, settings) as node:  # no cache knows these people or their chat
        phone = await node.connect(ann, "/chat")
        if is_warm:
            assert (await phone.ask("message_send", first))["ok"]
        if transport == "websocket":
            async with frames(node.url) as socket:
                await socket.join(ann.token)
                for packet in burst(tom.number):
                    await socket.say(packet)
                heard = [await socket.hear_until("43/chat,") for _ in range(COUNT)]
        else:
            polling = await open_polling(node.url)
            await polling.join(ann.token)
            assert await polling.post(*burst(tom.number)) == 200
            heard = []
            while len(heard) < COUNT:
                heard += [each for each in await polling.hear_until("43") if each.startswith("43")]
        assert all('"ok":true' in each for each in heard)
        await phone.expect("message_created", COUNT)
        assert await read_texts(phone, tom.number, after=1) == [str(n) for n in range(COUNT)]


@pytest.mark.parametrize("transports", [("websocket",), ("polling",), ("polling", "websocket")], ids="+".join)
async def test_the_official_client_keeps_the_order(
    stores: EmbeddedStores, tmp_path: Path, transports: tuple[str, ...]
) -> None:
    modules = await install_javascript_client()
    async with running_node(stores, settings_for(tmp_path)) as node:
        ann, tom = await sign_in_friends(node)
        async with javascript_client(modules, node.url, *transports) as client:
            await client.call("join", namespace="/chat", auth={"token": ann.token})
            bodies = [{"contact": tom.number, "client_id": str(n), "text": str(n)} for n in range(COUNT)]
            answers = await client.call("flood", namespace="/chat", event="message_send", bodies=bodies)
            assert [answer["message"]["seq"] for answer in answers] == list(range(1, COUNT + 1))
        assert await read_texts(await node.connect(ann, "/chat"), tom.number, after=0) == [str(n) for n in range(COUNT)]


@pytest.mark.parametrize("transports", [("websocket",), ("polling",), ("polling", "websocket")], ids="+".join)
async def test_pythons_client_keeps_the_order(
    stores: EmbeddedStores, tmp_path: Path, transports: tuple[str, ...]
) -> None:
    async with running_node(stores, settings_for(tmp_path)) as node:
        ann, tom = await sign_in_friends(node)
        phone = await node.connect(ann, "/chat", transports=transports)
        bodies = [{"contact": tom.number, "client_id": str(n), "text": str(n)} for n in range(COUNT)]
        answers = await asyncio.gather(*(phone.ask("message_send", body) for body in bodies))
        assert [answer["message"]["seq"] for answer in answers] == list(range(1, COUNT + 1))
        assert await read_texts(phone, tom.number, after=0) == [str(n) for n in range(COUNT)]
