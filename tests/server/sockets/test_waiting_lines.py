"""A client that sends faster than it is answered waits, where TCP makes it wait: nothing is refused, doubled or overtaken."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from server.embedded import EmbeddedStores
from tests.support.node import settings_for
from tests.support.raw import Frames, Polling, frames, open_polling
from tests.support.socket_fixture import Friends, friends_on_a_node, sockets_of, until
from tests.support.stores import stopped

IN_FLIGHT, COUNT = 5, 40
PING_S, PONG_S = 0.3, 1.5


@pytest.fixture(scope="module")
async def friends(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Friends]:
    settings = settings_for(
        tmp_path_factory.mktemp("node"),
        sockets={
            "in_flight_max": IN_FLIGHT,
            "queue_max_packets": 256,
        },
    )
    async with friends_on_a_node(stores, settings) as fixture:
        yield fixture


@pytest.fixture
def is_asked_often(friends: Friends, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever connects now is soon taken for dead, if it does not answer."""
    engine = sockets_of(friends.node).eio
    monkeypatch.setattr(engine, "ping_interval", PING_S)
    monkeypatch.setattr(engine, "ping_timeout", PONG_S)


def send(friends: Friends, kind: str, number: int) -> str:
    body = {"contact": friends.tom.number, "client_id": f"{kind}-{number}", "text": f"{number}"}
    return f'42/chat,{number}["message_send",{json.dumps(body)}]'


def unanswered(friends: Friends) -> list[int]:
    return [each.unanswered for each in sockets_of(friends.node).eio.sockets.values() if each.held]


async def until_one_is_held(friends: Friends) -> None:
    await until(lambda: unanswered(friends) == [IN_FLIGHT])


def numbers_of(answers: list[str]) -> list[int]:
    assert all('"ok":true' in answer for answer in answers), answers
    return [int(answer.removeprefix("43/chat,").partition("[")[0]) for answer in answers]


async def hear_answers(socket: Frames, count: int) -> list[str]:
    return [await socket.hear_until("43/chat,") for _ in range(count)]


async def poll_answers(polling: Polling, count: int) -> list[str]:
    answers: list[str] = []
    async with asyncio.timeout(60):
        while len(answers) < count:
            answers += [each for each in await polling.hear_until("43/chat,") if each.startswith("43/chat,")]
    return answers


async def test_no_more_is_taken_than_may_be_under_way(stores: EmbeddedStores, friends: Friends) -> None:
    async with frames(friends.node.url) as socket:
        await socket.join(friends.ann.token)
        await socket.say(send(friends, "few", 0))
        await socket.hear_until("43/chat,0[")
        async with stopped(stores):
            for number in range(1, COUNT + 1):
                await socket.say(send(friends, "few", number))
            await until_one_is_held(friends)
        assert numbers_of(await hear_answers(socket, COUNT)) == list(range(1, COUNT + 1))


async def test_a_body_is_answered_once_there_is_room(stores: EmbeddedStores, friends: Friends) -> None:
    polling = await open_polling(friends.node.url)
    await polling.join(friends.ann.token)
    async with stopped(stores):
        posting = asyncio.ensure_future(polling.post(*(send(friends, "body", number) for number in range(COUNT))))
        await until_one_is_held(friends)
        assert not posting.done()
    answers = await poll_answers(polling, COUNT)
    assert numbers_of(answers) == list(range(COUNT))
    assert await posting == 200


@pytest.mark.usefixtures("is_asked_often")
@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_one_who_waits_is_not_taken_for_dead(stores: EmbeddedStores, friends: Friends, transport: str) -> None:
    """Its answer to a ping waits behind what was not taken yet."""
    packets = [send(friends, transport, number) for number in range(COUNT)]
    if transport == "websocket":
        async with frames(friends.node.url) as socket:
            await socket.join(friends.ann.token)
            await socket.hear_until('42/chat,["ready"')
            async with stopped(stores):
                for packet in packets:
                    await socket.say(packet)
                await until_one_is_held(friends)
                for _ in range(3):
                    await socket.hear_until("2")
            answers = await hear_answers(socket, COUNT)
    else:
        polling = await open_polling(friends.node.url)
        await polling.join(friends.ann.token)
        async with stopped(stores):
            posting = asyncio.ensure_future(polling.post(*packets))
            await until_one_is_held(friends)
            for _ in range(3):
                while (await polling.poll()) != (200, ["2"]):
                    pass
        assert await posting == 200
        assert await polling.post("3") == 200
        answers = await poll_answers(polling, COUNT)
    assert numbers_of(answers) == list(range(COUNT))


@pytest.mark.usefixtures("is_asked_often")
async def test_one_who_goes_while_it_waits_leaves_nothing(stores: EmbeddedStores, friends: Friends) -> None:
    sockets = sockets_of(friends.node)
    before = set(sockets.eio.sockets)
    async with frames(friends.node.url) as socket:
        await socket.join(friends.ann.token)
        await socket.hear_until('42/chat,["ready"')
        async with stopped(stores):
            for number in range(COUNT):
                await socket.say(send(friends, "gone", number))
            await until_one_is_held(friends)
            socket.writer.transport.abort()
        await until(lambda: set(sockets.eio.sockets) <= before)
    await until(lambda: not sockets._requests._unanswered)


@pytest.mark.usefixtures("is_asked_often")
async def test_one_who_takes_no_answers_is_not_kept(friends: Friends) -> None:
    sockets = sockets_of(friends.node)
    polling = await open_polling(friends.node.url)
    await polling.join(friends.ann.token)
    posting = asyncio.ensure_future(polling.post(*(f'42/chat,{number}["nothing"]' for number in range(1000))))
    await until(lambda: polling.sid not in sockets.eio.sockets)
    assert await posting in (200, 400)


@pytest.mark.usefixtures("is_asked_often")
async def test_one_who_sends_and_never_polls_is_not_kept(friends: Friends) -> None:
    sockets = sockets_of(friends.node)
    polling = await open_polling(friends.node.url)
    await polling.join(friends.ann.token)
    async with asyncio.timeout(30):
        while polling.sid in sockets.eio.sockets:
            await polling.post("3")


async def test_answers_are_taken_before_more_is_asked(friends: Friends) -> None:
    """Or who polls, and is given a few of them each time, would be closed as one that does not read."""
    polling = await open_polling(friends.node.url)
    await polling.join(friends.ann.token)
    posting = asyncio.ensure_future(polling.post(*(f'42/chat,{number}["nothing"]' for number in range(500))))
    heard: list[Any] = []
    async with asyncio.timeout(60):
        while len(heard) < 500:
            status, packets = await polling.poll()
            assert status == 200
            heard += [int(each[8:].partition("[")[0]) for each in packets if each.startswith("43/chat,")]
    assert heard == list(range(500))
    assert await posting == 200


async def test_what_comes_by_the_websocket_waits_for_the_body_before_it(
    stores: EmbeddedStores, friends: Friends
) -> None:
    polling = await open_polling(friends.node.url)
    await polling.join(friends.ann.token)
    async with frames(friends.node.url, sid=polling.sid) as socket:
        async with stopped(stores):
            posting = asyncio.ensure_future(polling.post(*(send(friends, "moved", number) for number in range(20))))
            await until_one_is_held(friends)
            await socket.say("2probe")
            assert await socket.hear() == "3probe"
            await socket.say("5")
            for number in range(20, COUNT):
                await socket.say(send(friends, "moved", number))
        assert numbers_of(await hear_answers(socket, COUNT)) == list(range(COUNT))
        assert await posting == 200


async def test_a_small_outbox_bounds_what_is_under_way(stores: EmbeddedStores, tmp_path: Path) -> None:
    """Or the answers to what was taken all at once would fill it, and who polls be closed as one that does not read."""
    settings = settings_for(tmp_path, sockets={"queue_max_packets": 128})
    async with friends_on_a_node(stores, settings) as friends:
        polling = await open_polling(friends.node.url)
        await polling.join(friends.ann.token)
        async with stopped(stores):
            posting = asyncio.ensure_future(
                polling.post(*(send(friends, "small", number) for number in range(COUNT * 4)))
            )
            await until(lambda: any(each.held for each in sockets_of(friends.node).eio.sockets.values()))
        assert numbers_of(await poll_answers(polling, COUNT * 4)) == list(range(COUNT * 4))
        assert await posting == 200
