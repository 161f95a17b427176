"""python-socketio's client, by every transport: connect, refusal, send, receive, sync, and a restart in between."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import socketio

from server.embedded import EmbeddedStores
from server.embedded.ports import choose_port
from tests.support.node import NAMESPACES, Device, running_node, settings_for
from tests.support.socket_fixture import Friends, sign_in_friends, sockets_of, until

TRANSPORTS = [("websocket",), ("polling",), ("polling", "websocket")]
by_every_transport = pytest.mark.parametrize("transports", TRANSPORTS, ids="+".join)


@by_every_transport
async def test_it_joins_sends_hears_and_syncs(friends: Friends, transports: tuple[str, ...]) -> None:
    node = friends.node
    ann, tom = await sign_in_friends(node)
    phone, tom_phone = await node.connect(ann, transports=transports), await node.connect(tom, transports=transports)
    assert phone.client.transport() == transports[-1]
    (ready,) = await phone.expect("ready")
    assert ready["account"]["id"] == ann.account_id
    sent = await phone.ask("message_send", {"contact": tom.number, "client_id": "1", "text": "Hello 👩🏽‍🚀 مرحبا"})
    assert sent["ok"], sent
    for device in (phone, tom_phone):
        assert (await device.expect("message_created"))[0]["message"] == sent["message"]
    chat = sent["message"]["chat"]
    assert (await tom_phone.ask("message_send", {"chat": chat, "client_id": "2", "text": "Hi"}))["ok"]
    assert (await phone.expect("message_created", 2))[1]["message"]["text"] == "Hi"
    assert (await phone.ask("typing_start", {"chat": chat}, "/typing"))["ok"]
    assert (await tom_phone.expect("typing"))[0]["account"] == ann.account_id
    assert (await phone.ask("read", {"chat": chat, "seq": 2}, "/receipts"))["ok"]
    shown = await phone.ask("presence_watch", {"contacts": [tom.number]}, "/presence")
    assert [one["status"] for one in shown["presence"]] == ["online"]
    synced = await phone.ask("sync", {"cursors": {str(chat): 0}})
    assert [entry["seq"] for entry in synced["chats"][0]["entries"]] == [1, 2]


@by_every_transport
async def test_a_refusal_says_why(friends: Friends, transports: tuple[str, ...]) -> None:
    for namespace, token, code in [
        *[(name, "nonsense", "unauthenticated") for name in NAMESPACES],
        ("/nowhere", friends.ann.token, "not_found"),
    ]:
        client = socketio.AsyncClient(reconnection=False)
        refusals: list[Any] = []
        client.on("connect_error", refusals.append, namespace=namespace)
        with pytest.raises(socketio.exceptions.ConnectionError):
            await client.connect(
                friends.node.url,
                namespaces=[namespace],
                auth={"token": token},
                transports=list(transports),
                wait_timeout=30,
            )
        assert refusals[0]["message"]
        assert refusals[0]["data"] == {"code": code, "retryable": False}


@by_every_transport
async def test_it_is_back_by_itself_after_a_restart_and_syncs(
    stores: EmbeddedStores, tmp_path: Path, transports: tuple[str, ...]
) -> None:
    settings, port = settings_for(tmp_path), choose_port()
    client = socketio.AsyncClient(reconnection_delay=0.1, reconnection_delay_max=0.1, randomization_factor=0)
    try:
        async with running_node(stores, settings, port=port) as node:
            ann, tom = await sign_in_friends(node)
            phone = Device(client, ann)
            client.on("*", phone.hear, namespace="*")
            await client.connect(
                node.url,
                namespaces=["/chat"],
                auth={"token": ann.token},
                transports=list(transports),
                wait_timeout=30,
            )
            await phone.expect("ready")
            sent = await phone.ask("message_send", {"contact": tom.number, "client_id": "1", "text": "before"})
            (socket,) = sockets_of(node).eio.sockets.values()
            await until(lambda: socket.frames is not None or socket._poll is not None)  # at rest, as clients mostly are
            await node.stop()
            async with running_node(stores, settings, port=port) as again:
                tom_phone = await again.connect(tom, "/chat")
                chat = sent["message"]["chat"]
                assert (await tom_phone.ask("message_send", {"chat": chat, "client_id": "2", "text": "after"}))["ok"]
                await phone.expect("ready", 2)
                synced = await phone.ask("sync", {"cursors": {str(chat): 1}})
                assert [entry["text"] for entry in synced["chats"][0]["entries"]] == ["after"]
                await client.disconnect()
    finally:
        await client.disconnect()


@by_every_transport
async def test_a_session_that_ends_is_told_so(friends: Friends, transports: tuple[str, ...]) -> None:
    ann = await friends.node.sign_in(friends.ann.number)
    phone = await friends.node.connect(ann, "/chat", "/typing", transports=transports)
    is_gone = asyncio.Event()
    phone.client.on("disconnect", lambda reason: is_gone.set(), namespace="/typing")
    assert (await friends.node.rest("POST", "/auth/logout", ann))[0] == 204
    await asyncio.wait_for(is_gone.wait(), 30)


@by_every_transport
async def test_nothing_is_lost_or_doubled_while_messages_flow(friends: Friends, transports: tuple[str, ...]) -> None:
    """Also around the upgrade, which happens somewhere in the middle of this."""
    node = friends.node
    ann, tom = await sign_in_friends(node)
    tom_phone = await node.connect(tom, "/chat")
    sending = asyncio.create_task(_write(tom_phone, ann.number, 150))
    await asyncio.sleep(0)
    phones = [await node.connect(ann, "/chat", transports=transports) for _ in range(5)]
    last = await sending
    for phone in phones:
        async with asyncio.timeout(60):
            while not any(body["message"]["seq"] == last for body in phone.told("message_created")):
                await phone.expect("message_created", len(phone.told("message_created")) + 1)
        seqs = [body["message"]["seq"] for body in phone.told("message_created")]
        assert seqs == list(range(seqs[0], last + 1))


async def _write(device: Device, number: str, count: int) -> int:
    for n in range(count):
        answer = await device.ask("message_send", {"contact": number, "client_id": str(n), "text": str(n)})
        assert answer["ok"], answer
        await asyncio.sleep(0.002)
    last: int = answer["message"]["seq"]
    return last
