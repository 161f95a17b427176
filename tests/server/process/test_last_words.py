"""The log ends with what is so: what was away and is back is said to be back, and one cause is not a line for each who meets it."""

import logging
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.servers import kill_mongod, kill_redis
from models import tasks
from server.embedded import EmbeddedStores, throw_away_stores
from server.process import logs
from tests.support.node import running_node, settings_for
from tests.support.socket_fixture import until
from tests.support.stores import quick_place


@pytest.fixture(scope="module")
async def own_stores() -> AsyncIterator[EmbeddedStores]:
    async with throw_away_stores(quick_place()) as stores:
        yield stores


def said(caplog: pytest.LogCaptureFixture, start: str) -> list[str]:
    return [text for text in (record.getMessage() for record in caplog.records) if text.startswith(start)]


async def test_after_redis_is_back_the_last_word_on_it_is_that(
    own_stores: EmbeddedStores, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with running_node(own_stores, settings_for(tmp_path)):
        await kill_redis(own_stores)
        await until(lambda: bool(said(caplog, "the bus is back")))
        # The part that asks last of all has met the new Redis then.
        await until(lambda: bool(said(caplog, "the lease of this node was over")))
        assert said(caplog, "the bus is ")[-1].startswith("the bus is back")
        assert len(said(caplog, "the bus is away")) == len(said(caplog, "the bus is back"))
        assert said(caplog, "telling 0 clients") == []


async def test_a_database_that_comes_back_is_said_to_be_back(
    own_stores: EmbeddedStores, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_for(tmp_path)
    async with running_node(own_stores, settings):
        assert own_stores.mongod is not None
        pid = await own_stores.mongod.pid()
        os.kill(pid, signal.SIGSTOP)
        await until(lambda: bool(said(caplog, "MongoDB is away")))
        os.kill(pid, signal.SIGCONT)
        await kill_mongod(own_stores)
        await until(lambda: bool(said(caplog, "MongoDB is back")))
        assert said(caplog, "MongoDB is ")[-1].startswith("MongoDB is back")


@pytest.fixture
def written() -> list[str]:
    return []


def limited(written: list[str], **options: Any) -> logging.Logger:
    """A logger whose lines end in `written`, as those of the server do on standard error."""
    handler = logging.Handler()
    handler.emit = lambda record: written.append(record.getMessage())  # type: ignore[method-assign]
    handler.addFilter(logs.Summary(handler.handle, **options))
    logger = logging.Logger("server.faults")  # noqa: LOG001 (of this test alone)
    logger.addHandler(handler)
    return logger


async def test_of_many_lines_with_one_cause_a_few_are_shown_and_the_rest_counted(written: list[str]) -> None:
    logger = limited(written, most=2, period_s=0.3)
    for number in range(100):
        logger.warning("GET /%d: the database is away (%s)", number, "AutoReconnect")
    logger.warning("something else: %d", 1)
    assert written == [f"GET /{n}: the database is away (AutoReconnect)" for n in (0, 1)] + ["something else: 1"]
    await until(lambda: len(written) > 3)
    assert written[3] == "98 more lines like this within 0.3 s: GET /0: the database is away (AutoReconnect)"
    logger.warning("GET /%d: the database is away (%s)", 7, "AutoReconnect")
    assert written[4].startswith("GET /7")


async def test_each_piece_of_background_work_that_fails_is_named(
    written: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "log", limited(written))
    owner, names = tasks.BackgroundTasks(), [f"work {number}" for number in range(10)]

    async def fail() -> None:
        raise ConnectionError

    for name in names:
        owner.keep(name, fail)
    await until(lambda: {line.rpartition(" waits:")[0] for line in written} == set(names), within_s=5)
    await owner.stop()


async def test_errors_are_all_shown(written: list[str]) -> None:
    logger = limited(written, most=1)
    for _ in range(5):
        logger.error("%s failed", "POST /")
    assert len(written) == 5


async def test_the_provider_that_prints_codes_prints_them_all(written: list[str]) -> None:
    logger = limited(written, most=1)
    logger.name = "server.sms.log"
    for number in range(5):
        logger.warning("sms to %s: %s", number, "1234")
    assert len(written) == 5
