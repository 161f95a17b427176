"""The official JavaScript client, by every transport: connect, refusal, send, receive, sync, and a restart in between."""

from pathlib import Path

import pytest

from server.embedded import EmbeddedStores
from server.embedded.ports import choose_port
from tests.support.javascript_client import install_javascript_client, javascript_client
from tests.support.node import NAMESPACES, running_node, settings_for
from tests.support.socket_fixture import Friends, sign_in_friends

TRANSPORTS = [("websocket",), ("polling",), ("polling", "websocket")]
by_every_transport = pytest.mark.parametrize("transports", TRANSPORTS, ids="+".join)


@pytest.fixture(scope="session")
async def modules() -> Path:
    return await install_javascript_client()


@pytest.mark.parametrize("package", ["socket.io-client", "socket.io-client-3"])
@by_every_transport
async def test_it_joins_sends_hears_and_syncs(
    friends: Friends, modules: Path, transports: tuple[str, ...], package: str
) -> None:
    node = friends.node
    ann, tom = await sign_in_friends(node)
    tom_phone = await node.connect(tom)
    async with javascript_client(modules, node.url, *transports, package=package) as client:
        for namespace in NAMESPACES:
            assert await client.call("join", namespace=namespace, auth={"token": ann.token}) == {"connected": True}
        assert await client.call("upgraded" if len(transports) > 1 else "transport") == transports[-1]
        (ready,) = await client.expect("ready")
        assert ready["account"]["id"] == ann.account_id
        body = {"contact": tom.number, "client_id": "1", "text": "Hello 👩🏽‍🚀 مرحبا"}
        sent = await client.ask("message_send", body)
        assert sent["ok"], sent
        assert (await tom_phone.expect("message_created"))[0]["message"] == sent["message"]
        assert (await client.expect("message_created"))[0]["message"] == sent["message"]
        chat = sent["message"]["chat"]
        assert (await tom_phone.ask("message_send", {"chat": chat, "client_id": "2", "text": "Hi"}))["ok"]
        assert (await client.expect("message_created", 2))[1]["message"]["text"] == "Hi"
        assert (await client.ask("typing_start", {"chat": chat}, "/typing"))["ok"]
        assert (await tom_phone.expect("typing"))[0]["account"] == ann.account_id
        assert (await client.ask("read", {"chat": chat, "seq": 2}, "/receipts"))["ok"]
        shown = await client.ask("presence_watch", {"contacts": [tom.number]}, "/presence")
        assert [one["status"] for one in shown["presence"]] == ["online"]
        synced = await client.ask("sync", {"cursors": {str(chat): 0}})
        assert [entry["seq"] for entry in synced["chats"][0]["entries"]] == [1, 2]


@by_every_transport
async def test_a_namespace_that_is_joined_twice_without_waiting_answers(
    friends: Friends, modules: Path, transports: tuple[str, ...]
) -> None:
    """`connect(); disconnect(); connect();` is what React's StrictMode does to a component that holds a socket."""
    async with javascript_client(modules, friends.node.url, *transports) as client:
        auth = {"token": friends.ann.token}
        assert (await client.call("join", namespace="/chat", auth=auth))["connected"]
        await client.call("rejoin", namespace="/typing", auth=auth)
        await client.expect("connect", 2, namespace="/typing")
        assert (await client.ask("typing_start", {"chat": friends.chat}, "/typing"))["ok"]
        assert not [line for line in client.heard if line["event"] in ("connect_error", "disconnect")]
        assert (await client.ask("chats"))["ok"], "and the other namespace goes on"


@by_every_transport
async def test_the_client_of_engine_io_alone_is_answered(
    friends: Friends, modules: Path, transports: tuple[str, ...]
) -> None:
    async with javascript_client(modules, friends.node.url, "websocket") as client:
        messages = ['0/chat,{"token":"' + friends.ann.token + '"}', *(f'2/chat,{n}["nothing"]' for n in range(50))]
        done = await client.call(
            "engine", url=friends.node.url, transports=transports, messages=messages, until="3/chat,49["
        )
        assert done["transport"] == transports[-1]
        answers = [each.partition("[")[0] for each in done["heard"] if each.startswith("3")]
        assert answers == [f"3/chat,{n}" for n in range(50)]


@by_every_transport
async def test_a_refusal_says_why(friends: Friends, modules: Path, transports: tuple[str, ...]) -> None:
    async with javascript_client(modules, friends.node.url, *transports) as client:
        for namespace in NAMESPACES:
            refused = await client.call("join", namespace=namespace, auth={"token": "nonsense"})
            assert not refused["connected"]
            assert refused["message"]
            assert refused["data"] == {"code": "unauthenticated", "retryable": False}
        refused = await client.call("join", namespace="/nowhere", auth={"token": friends.ann.token})
        assert refused["data"] == {"code": "not_found", "retryable": False}
        assert (await client.call("join", namespace="/chat", auth={"token": friends.ann.token}))["connected"]


@by_every_transport
async def test_it_is_back_by_itself_after_a_restart_and_syncs(
    stores: EmbeddedStores, tmp_path: Path, modules: Path, transports: tuple[str, ...]
) -> None:
    settings, port = settings_for(tmp_path), choose_port()
    async with running_node(stores, settings, port=port) as node:
        ann, tom = await sign_in_friends(node)
        client_door = javascript_client(modules, node.url, *transports)
        client = await client_door.__aenter__()
        try:
            await client.call("join", namespace="/chat", auth={"token": ann.token})
            sent = await client.ask("message_send", {"contact": tom.number, "client_id": "1", "text": "before"})
            await node.stop()
            async with running_node(stores, settings, port=port) as again:
                tom_phone = await again.connect(tom, "/chat")
                chat = sent["message"]["chat"]
                assert (await tom_phone.ask("message_send", {"chat": chat, "client_id": "2", "text": "after"}))["ok"]
                await client.expect("connect", 2)
                synced = await client.ask("sync", {"cursors": {str(chat): 1}})
                assert [entry["text"] for entry in synced["chats"][0]["entries"]] == ["after"]
        finally:
            await client_door.__aexit__(None, None, None)


@by_every_transport
async def test_a_session_that_ends_is_told_so(friends: Friends, modules: Path, transports: tuple[str, ...]) -> None:
    ann = await friends.node.sign_in(friends.ann.number)
    async with javascript_client(modules, friends.node.url, *transports) as client:
        for namespace in ("/chat", "/typing"):
            await client.call("join", namespace=namespace, auth={"token": ann.token})
        assert (await friends.node.rest("POST", "/auth/logout", ann))[0] == 204
        for namespace in ("/chat", "/typing"):
            (reason,) = await client.expect("disconnect", namespace=namespace)
            assert reason == "io server disconnect"
