"""A client that does not answer is closed when it was promised, no sooner and no later; the clock of these tests runs ahead by itself."""

import asyncio
from collections.abc import Callable, Coroutine

import pytest
from aiohttp import web

from server.sockets.engine import EngineServer
from server.sockets.engine_socket import EngineSocket
from tests.support.virtual_time import in_virtual_time

INTERVAL_S, TIMEOUT_S = 25.0, 20.0
Act = Callable[["Client"], Coroutine[None, None, None]]


async def nobody(_: web.Request) -> None: ...


class Client:
    """A client that polls, its socket, and when that was closed."""

    def __init__(self) -> None:
        server = EngineServer(
            async_mode="asgi",
            ping_interval=INTERVAL_S,
            ping_timeout=TIMEOUT_S,
            listener=self,
            make_sid=lambda: "sid",
            forward=nobody,
            queue_max_packets=10,
            queue_max_chars=1000,
            account_max_chars=2000,
        )
        self.closed_at: float | None = None
        self.socket = EngineSocket(server, "sid", "127.0.0.1")
        self.socket.schedule_ping()

    def on_open(self, socket: EngineSocket) -> None: ...

    def on_message(self, socket: EngineSocket, data: str | bytes) -> None: ...

    def on_close(self, socket: EngineSocket) -> None:
        self.closed_at = asyncio.get_running_loop().time()

    def read(self) -> list[str]:
        return [parcel.text for parcel in self.socket.queue.take(100)]

    def say_pong(self) -> None:
        self.socket.receive("3")


async def says_nothing(_: Client) -> None:
    await asyncio.sleep(3 * (INTERVAL_S + TIMEOUT_S))


async def reads_and_says_nothing(client: Client) -> None:
    await asyncio.sleep(INTERVAL_S + 1)
    assert client.read() == ["2"]
    await says_nothing(client)


async def answers_without_reading(client: Client) -> None:
    while client.closed_at is None:
        await asyncio.sleep(1)
        client.say_pong()


@pytest.mark.parametrize("act", [says_nothing, reads_and_says_nothing, answers_without_reading])
def test_a_client_is_closed_when_the_answer_to_its_first_ping_is_due(act: Act) -> None:
    async def watch() -> float | None:
        client = Client()
        await act(client)
        return client.closed_at

    assert in_virtual_time(watch()) == INTERVAL_S + TIMEOUT_S


def test_an_answer_to_a_ping_that_nobody_sent_puts_off_none() -> None:
    async def say_pong_all_the_time() -> float:
        client = Client()
        while not client.read():
            client.say_pong()
            await asyncio.sleep(0.5)
        return asyncio.get_running_loop().time()

    assert in_virtual_time(say_pong_all_the_time()) == INTERVAL_S


def test_a_client_that_answers_stays_and_is_asked_again_an_interval_after_its_answer() -> None:
    async def answer(count: int) -> list[float]:
        client, asked_at = Client(), []
        while len(asked_at) < count:
            await asyncio.sleep(1)
            if client.read() == ["2"]:
                asked_at.append(asyncio.get_running_loop().time())
                await asyncio.sleep(TIMEOUT_S - 2)
                client.say_pong()
        assert client.closed_at is None
        return asked_at

    every_s = INTERVAL_S + TIMEOUT_S - 2
    assert in_virtual_time(answer(3)) == [INTERVAL_S, INTERVAL_S + every_s, INTERVAL_S + 2 * every_s]
