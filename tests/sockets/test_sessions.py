"""Revoking a session closes its sockets at once, all of them and no others."""

import asyncio
import json

import pytest

from models.documents.session import Actor
from tests.support.node import NAMESPACES, Person
from tests.support.raw import frames, open_polling
from tests.support.socket_fixture import Friends, sockets_of, until

WITHIN_S = 30.0  # a moment on a quiet machine


async def end_session(friends: Friends, victim: Person, by: str) -> None:
    node = friends.node
    if by == "logout":
        status, _ = await node.rest("POST", "/auth/logout", victim)
    else:
        _, listed = await node.rest("GET", "/auth/sessions", victim)
        (session_id,) = [session["id"] for session in listed["sessions"] if session["current"]]
        status, _ = await node.rest("DELETE", f"/auth/sessions/{session_id}", friends.ann)
    assert status == 204


@pytest.mark.parametrize("by", ["logout", "delete"])
async def test_every_socket_of_an_ended_session_closes(friends: Friends, by: str) -> None:
    victim = await friends.node.sign_in(friends.ann.number)
    sockets = sockets_of(friends.node)
    polling = await open_polling(friends.node.url)
    async with frames(friends.node.url) as first, frames(friends.node.url) as second:
        for namespace in NAMESPACES:
            await first.join(victim.token, namespace)
            await polling.join(victim.token, namespace)
        await second.join(victim.token, "/presence")
        await end_session(friends, victim, by)
        async with asyncio.timeout(WITHIN_S):
            assert await first.ended() == 1008
            assert await second.ended() == 1008
            await until(lambda: polling.sid not in sockets.eio.sockets)
    assert (await polling.poll())[0] == 400
    await friends.still_talk()


async def test_a_socket_shared_with_another_session_stays_for_that_one(friends: Friends) -> None:
    victim, other = [await friends.node.sign_in(friends.ann.number) for _ in range(2)]
    async with frames(friends.node.url) as socket:
        await socket.join(victim.token, "/chat")
        await socket.join(other.token, "/typing")
        await end_session(friends, victim, "logout")
        assert await socket.hear_until("41/chat,")
        await socket.say('42/chat,1["chats",{}]')
        assert '"code":"unauthenticated"' in await socket.hear_until("43/chat,1")
        await socket.say(f'42/typing,2["typing_stop",{{"contact":"{friends.tom.number}"}}]')
        assert '"ok":true' in await socket.hear_until("43/typing,2")


async def test_nothing_is_heard_after_the_end(friends: Friends) -> None:
    victim = await friends.node.sign_in(friends.tom.number)
    async with frames(friends.node.url) as socket:
        await socket.join(victim.token)
        await end_session(friends, victim, "logout")
        await friends.still_talk()
        heard = await socket.hear_to_the_end()
        assert not any("message_created" in text for text in heard)


@pytest.mark.parametrize("head_start_ms", range(0, 12, 2))
async def test_a_connect_that_races_with_the_end_ends_closed(friends: Friends, head_start_ms: int) -> None:
    victim = await friends.node.sign_in(friends.ann.number)
    (session_id,) = [
        session["id"]
        for session in (await friends.node.rest("GET", "/auth/sessions", victim))[1]["sessions"]
        if session["current"]
    ]
    connections = sockets_of(friends.node).connections
    ending = asyncio.create_task(end_session(friends, victim, "logout"))
    await asyncio.sleep(head_start_ms / 1000)
    async with frames(friends.node.url) as socket:
        for namespace in NAMESPACES:
            await socket.say(f"40{namespace}," + json.dumps({"token": victim.token}))
        await ending
        await until(lambda: not connections.of_session(session_id), WITHIN_S)
        await socket.say('42/chat,1["chats",{}]')
        heard = await socket.hear_to_the_end("44/events")
        assert heard, "each CONNECT is refused, or taken back and the connection closed"
        assert not any('"ok":true' in text for text in heard)


async def test_a_session_that_ends_after_its_token_was_read_is_not_let_in(friends: Friends) -> None:
    """The narrowest race: the token was good, the sweep finds no socket yet, and only then is the socket registered."""
    victim = await friends.node.sign_in(friends.ann.number)
    context = sockets_of(friends.node).namespace_handlers["/chat"]._context
    authenticate, is_read, may_go_on = context.authenticate, asyncio.Event(), asyncio.Event()

    async def slowly(token: str, number: str | None) -> Actor:
        actor: Actor = await authenticate(token, number)
        is_read.set()
        await may_go_on.wait()
        return actor

    object.__setattr__(context, "authenticate", slowly)
    try:
        async with frames(friends.node.url) as socket:
            await socket.say("40/chat," + json.dumps({"token": victim.token}))
            await is_read.wait()
            await end_session(friends, victim, "logout")
            may_go_on.set()
            async with asyncio.timeout(WITHIN_S):
                assert await socket.ended() == 1008
    finally:
        object.__setattr__(context, "authenticate", authenticate)
