"""Nothing remains of those who came and went, however they went."""

import asyncio
import gc
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from server.embedded import EmbeddedStores
from server.sockets.engine_socket import EngineSocket
from tests.support.node import NAMESPACES, Node, Person, running_node, settings_for
from tests.support.parts import services_of
from tests.support.raw import TEXT, frames, open_polling, request
from tests.support.socket_fixture import Friends, friends_on_a_node, sign_in_friends, sockets_of, until

ROUNDS = 200


@pytest.fixture
async def node(stores: EmbeddedStores, tmp_path: Path) -> AsyncIterator[Node]:
    settings = settings_for(tmp_path, presence={"grace_s": 0}, typing={"expires_s": 0.2})
    async with running_node(stores, settings) as running:
        yield running


def held(node: Node) -> dict[str, int]:
    """How many of everything the node holds for clients."""
    sockets = sockets_of(node)
    connections: Any = sockets.connections
    namespaces = sockets.namespace_handlers
    presence, typing = namespaces["/presence"]._presence, namespaces["/typing"]._typing
    bus = services_of(node).runtime.bus
    return {
        "engine sockets": len(sockets.eio.sockets),
        "environs": len(sockets.environ),
        "binary packets": len(sockets._binary_packet),
        "unauthenticated": len(sockets._joining._unauthenticated),
        "answers": len(sockets._requests._tasks),
        "by sid": len(connections._by_sid),
        "by engine": len(connections._by_engine),
        "by account": sum(map(len, connections._by_account.values())),
        "by session": len(connections._by_session),
        "bus holds": len(bus._held),
        "bus channels": len(bus.shards.channels) - 1,  # the one that every node hears
        "bus accounts": len(bus.large_chats._chats),
        "presence": len(presence._connections) + len(presence._of_account) + len(presence._watchers._watchers),
        "leaving": len(presence._leaving),
        "reported": len(presence._reporter._wanted) + len(presence._reporter._said) + len(presence._reporter._due),
        "typing": len(typing._typists),
        "clients": sum(len(namespace._clients) for namespace in namespaces.values()),
        "counted clients": sum(sum(namespace._held.values()) for namespace in namespaces.values()),
        "typing connections": sum(map(len, namespaces["/typing"]._connections.values())),
    }


async def visit(node: Node, person: Person, friend: Person, n: int) -> None:
    """Come, use every namespace, and go in one of many ways."""
    if n % 5 == 4:
        await visit_by_polling(node, person, n)
        return
    async with frames(node.url) as socket:
        for namespace in NAMESPACES:
            await socket.say(f"40{namespace}," + json.dumps({"token": person.token}))
        if n % 7 == 0:
            return  # in the middle of being let in
        await socket.hear_until("40/events,")
        await socket.say(f'42/typing,1["typing_start",{{"contact":"{friend.number}"}}]')
        await socket.say(f'42/presence,2["presence_watch",{{"contacts":["{friend.number}"]}}]')
        match n % 5:
            case 0:
                await socket.hear_until("43/presence")
            case 1:
                for namespace in NAMESPACES:
                    await socket.say(f"41{namespace},")
            case 2:
                await socket.say('455-/chat,["half",{}]')
            case 3:
                await socket.frame(TEXT, b"4\xff")


async def visit_by_polling(node: Node, person: Person, n: int) -> None:
    polling = await open_polling(node.url)
    packets = [f"40{namespace}," + json.dumps({"token": person.token}) for namespace in NAMESPACES]
    if n % 2:
        await polling.post(*packets)
        assert await polling.post("1") in (200, 400)
    else:  # the close overtakes what it closes
        await asyncio.gather(polling.post(*packets), polling.post("1"))


async def test_nothing_remains_of_those_who_came_and_went(node: Node) -> None:
    ann, tom = await sign_in_friends(node)
    before = held(node)
    assert not any(before.values())
    tasks = len(asyncio.all_tasks())
    for start in range(0, ROUNDS, 5):
        await asyncio.gather(*(visit(node, (ann, tom)[n % 2], (tom, ann)[n % 2], n) for n in range(start, start + 5)))
    await until(lambda: held(node) == before)
    await until(lambda: len(asyncio.all_tasks()) <= tasks)
    gc.collect()
    assert not [each for each in gc.get_objects() if isinstance(each, EngineSocket) and each.server.sockets is not None
                and each.server is sockets_of(node).eio]  # fmt: skip


async def test_who_connects_again_is_held_once(node: Node) -> None:
    ann, _ = await sign_in_friends(node)
    before = held(node)
    async with frames(node.url) as socket:
        once: dict[str, int] = {}
        for n in range(3):
            for namespace in NAMESPACES:
                await socket.join(ann.token, namespace)
            await socket.say(f'42/presence,{n}["presence_watch",{{"contacts":[]}}]')
            await socket.hear_until(f"43/presence,{n}")
            await until(lambda: not sockets_of(node)._requests._tasks)
            once = once or held(node)
            assert held(node) == once
    await until(lambda: held(node) == before)


async def test_who_goes_while_being_let_in_is_not_kept(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token takes its time; meanwhile the client closes its session by another request."""
    ann, _ = await sign_in_friends(node)
    before = held(node)
    context = next(iter(sockets_of(node).namespace_handlers.values()))._context
    authenticate, is_asked, may_go_on = context.authenticate, asyncio.Event(), asyncio.Event()

    async def slowly(token: str, number: str | None) -> Any:
        actor = await authenticate(token, number)
        is_asked.set()
        await may_go_on.wait()
        return actor

    object.__setattr__(context, "authenticate", slowly)
    try:
        for is_greeted in (False, True):
            is_asked.clear()
            may_go_on.clear()
            polling = await open_polling(node.url)
            joining = asyncio.create_task(polling.post("40/presence," + json.dumps({"token": ann.token})))
            await is_asked.wait()
            if is_greeted:  # let it in, and hold it where it is looked at for the second time
                is_asked.clear()
                may_go_on.set()
                await asyncio.sleep(0)
                may_go_on.clear()
                await is_asked.wait()
            assert await polling.post("1") == 400, "two requests at once"
            may_go_on.set()
            await joining
            await until(lambda: held(node) == before)
    finally:
        object.__setattr__(context, "authenticate", authenticate)


async def test_the_node_stops_at_once_with_everybody_connected(stores: EmbeddedStores, tmp_path: Path) -> None:
    async with friends_on_a_node(stores, settings_for(tmp_path)) as friends:
        await _stop_with_everybody_connected(friends)


async def _stop_with_everybody_connected(friends: Friends) -> None:
    sockets = sockets_of(friends.node)
    polling = await open_polling(friends.node.url)
    await polling.join(friends.ann.token)
    await polling.post('42/chat,1["chats",{}]')
    await polling.hear_until("43/chat,1")
    waiting = asyncio.create_task(polling.poll())
    async with frames(friends.node.url) as polite, frames(friends.node.url) as deaf:
        await polite.join(friends.ann.token)
        await deaf.join(friends.ann.token)
        deaf.writer.transport.pause_reading()
        ending = asyncio.create_task(polite.ended())
        async with asyncio.timeout(30):  # nobody waits for the deaf one
            await sockets.close()
        assert await ending == 1001
        assert (await waiting)[1] == ["6"]
        assert len(sockets.connections) == 0
        status, _, _ = await request(friends.node.url, "GET", "/socket.io/?EIO=4&transport=polling")
        assert status == 503, "who comes back is sent to another node"
