"""SIGTERM ends a server in time, whatever does not answer."""

import asyncio
import http.client
import os
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from pathlib import Path

import pytest

from benchmarks.servers import holding_breath
from server.embedded import EmbeddedStores, throw_away_stores
from server.process import signals
from tests.server.processes import RunningServer, command, environment, places, running, wait_until
from tests.support.stores import quick_place

SHUTDOWN_S = 3
LONG_S = 300  # what the drivers would wait for an answer
WITHIN_S = 60  # on a busy machine


@pytest.fixture(scope="module")
async def stores() -> AsyncIterator[EmbeddedStores]:
    """Nobody else's, because they hold their breath here."""
    async with throw_away_stores(quick_place()) as stores:
        yield stores


def settings_of(stores: EmbeddedStores) -> dict[str, str]:
    """Of a server whose drivers wait for ever."""
    return {
        **places(stores),
        "PARLEY_SHUTDOWN_S": str(SHUTDOWN_S),
        "PARLEY_MONGODB__TIMEOUT_S": str(LONG_S),
        "PARLEY_REDIS__TIMEOUT_S": str(LONG_S),
    }


@pytest.mark.parametrize("silent", ["redis", "mongod and redis"])
async def test_with_stores_that_do_not_answer(stores: EmbeddedStores, tmp_path: Path, silent: str) -> None:
    with running(tmp_path / "data", settings=settings_of(stores)) as server, ExitStack() as stack:
        for store in (stores.mongod, stores.valkey):
            assert store is not None
            if store.name in silent:
                stack.enter_context(holding_breath(await store.pid()))
        server.process.terminate()
        assert server.process.wait(WITHIN_S) == 0
    assert "Traceback" not in (tmp_path / "stderr.txt").read_text()


def test_with_a_thread_that_hangs(stores: EmbeddedStores, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    os.mkfifo(tmp_path / "data" / "outbox.jsonl")  # whoever opens it waits for somebody who reads
    settings = {**places(stores), "PARLEY_SMS__PROVIDER": "outbox", "PARLEY_SHUTDOWN_S": str(SHUTDOWN_S)}
    with running(tmp_path / "data", settings=settings) as server, ExitStack() as stack:
        threads = Path(f"/proc/{server.process.pid}/task")
        before = len(list(threads.iterdir()))
        for number in range(3):  # the first one may be taken by a thread that was there, and idle
            line = stack.enter_context(closing(http.client.HTTPConnection(address_of(server))))
            body = f'{{"phone_number": "+493097700000{number}"}}'
            line.request("POST", "/auth", body, {"Content-Type": "application/json"})
        wait_until(lambda: len(list(threads.iterdir())) > before)
        server.process.terminate()
        assert server.process.wait(WITHIN_S) == 0


def address_of(server: RunningServer) -> str:
    return server.url.split("/")[2]


async def test_with_a_redis_that_falls_silent_near_the_end_of_the_start(stores: EmbeddedStores, tmp_path: Path) -> None:
    async with silent_from(b"\r\nSET\r\n", stores.redis_url) as (url, is_silent):
        settings = settings_of(stores) | {"PARLEY_REDIS__URL": url}
        process = await asyncio.create_subprocess_exec(
            *command(tmp_path / "data"), env=environment(settings), stdout=PIPE, stderr=PIPE
        )
        try:
            await asyncio.wait_for(is_silent.wait(), WITHIN_S)
            process.terminate()
            said, errors = await asyncio.wait_for(process.communicate(), WITHIN_S)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert (process.returncode, said) == (0, b"")
        assert b"Traceback" not in errors


@asynccontextmanager
async def silent_from(word: bytes, redis_url: str) -> AsyncIterator[tuple[str, asyncio.Event]]:
    """The URL of a Redis that answers until somebody says this word, and nobody anything from then on."""
    before, at, address = redis_url.rpartition("@")
    host, _, port = address.rpartition("/")[0].partition(":")
    is_silent, writers = asyncio.Event(), list[asyncio.StreamWriter]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_redis, to_redis = await asyncio.open_connection(host, int(port))
        writers.extend((writer, to_redis))
        back = asyncio.create_task(carry(from_redis, writer))
        await carry(reader, to_redis)
        back.cancel()

    async def carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            if word in data:
                is_silent.set()
            if not is_silent.is_set():
                sink.write(data)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"{before}{at}127.0.0.1:{server.sockets[0].getsockname()[1]}/0", is_silent
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()


async def test_a_stop_that_fails_ends_with_its_error(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def signalled() -> Iterator[asyncio.Event]:
        told = asyncio.Event()
        told.set()
        yield told

    async def live() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise OSError("no space left")

    monkeypatch.setattr(signals, "_signals", signalled)
    monkeypatch.setattr(signals, "_wait_for_no_thread", lambda: None)  # it would end the tests
    with pytest.raises(OSError, match="no space left"):
        await signals.until_told(live(), 5.0)
