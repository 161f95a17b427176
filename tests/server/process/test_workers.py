"""Several workers on one port: people notice nothing of it, not even when one dies."""

import asyncio
import os
import re
import resource
import signal
import sys
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from server.embedded import EmbeddedStores
from server.process.workers import Workers
from tests.server.processes import PATIENCE_S, RunningServer, is_alive, places, refused, running, wait_until
from tests.support import raw

COUNT = 3


def worker_pids(server: RunningServer) -> set[int]:
    """The children that are workers, by their command line: the others are the stores'."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            words = (stat.parent / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if parent == server.process.pid and b"--worker" in words:
            found.add(int(stat.parent.name))
    return found


def is_ready(server: RunningServer) -> bool:
    try:
        with urllib.request.urlopen(f"{server.url}readyz", timeout=PATIENCE_S) as answer:
            return answer.status == 200
    except OSError:
        return False


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running(tmp_path_factory.mktemp("workers") / "data", "--workers", str(COUNT)) as server:
        yield server


def test_so_many_serve_one_port_as_were_asked_for(server: RunningServer) -> None:
    assert len(worker_pids(server)) == COUNT
    assert is_ready(server)


def test_one_that_dies_is_started_again_and_the_others_go_on(server: RunningServer) -> None:
    before = worker_pids(server)
    os.kill(min(before), signal.SIGKILL)
    wait_until(lambda: len(worker_pids(server) - {min(before)}) == COUNT)
    assert before - {min(before)} <= worker_pids(server)
    wait_until(lambda: is_ready(server))


def test_one_that_could_not_be_started_again_is_tried_again(stores: EmbeddedStores, tmp_path: Path) -> None:
    with running(tmp_path / "data", "--workers", "2", settings=places(stores)) as server:
        parent = server.process.pid
        soft, hard = resource.prlimit(parent, resource.RLIMIT_NOFILE)
        resource.prlimit(parent, resource.RLIMIT_NOFILE, (3, hard))  # no pipe to a new process can be opened
        killed = min(worker_pids(server))
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: "cannot be started" in (tmp_path / "stderr.txt").read_text(), 30)
        resource.prlimit(parent, resource.RLIMIT_NOFILE, (soft, hard))
        wait_until(lambda: len(worker_pids(server) - {killed}) == 2, 60)
        wait_until(lambda: is_ready(server))


def read_figures(server: RunningServer) -> dict[str, dict[str, float]]:
    """One scrape: figures without further labels, by worker and name."""
    with urllib.request.urlopen(f"{server.url}metrics", timeout=PATIENCE_S) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    figures: dict[str, dict[str, float]] = defaultdict(dict)
    for sample in (sample for family in families for sample in family.samples):
        if set(sample.labels) == {"worker"}:
            figures[sample.labels["worker"]][sample.name] = sample.value
    return figures


async def test_one_scrape_shows_all_of_them(server: RunningServer) -> None:
    wait_until(lambda: sum(one["parley_worker_up"] for one in read_figures(server).values()) == COUNT)
    async with AsyncExitStack() as stack:
        for opened in range(1, 101):
            await stack.enter_async_context(raw.frames(server.url))
            figures = await asyncio.to_thread(read_figures, server)
            assert set(figures) == {"1", "2", "3"}, "whichever of them was asked"
            by_worker = [figures[worker]["parley_sockets"] for worker in figures]
            assert sum(by_worker) == opened
            if all(by_worker):
                break
        assert all(by_worker)


@pytest.mark.parametrize(("setting", "value"), [("PORT", "9001"), ("URL", "http://10.0.0.1:9001")])
def test_an_address_that_all_would_share_is_refused(tmp_path: Path, setting: str, value: str) -> None:
    status, errors = refused(tmp_path / "data", "--workers", "2", settings={f"PARLEY_NODES__{setting}": value})
    assert status == 1
    assert errors.startswith(f"parley: nodes.{setting.lower()}: cannot be set with --workers")


def test_a_port_that_another_server_with_workers_has_is_refused(server: RunningServer, tmp_path: Path) -> None:
    port = server.url.rstrip("/").rpartition(":")[2]
    status, errors = refused(tmp_path / "data", "--workers", "2", "--port", port)
    assert status == 1
    assert errors.startswith(f"parley: http.port: {port} on 127.0.0.1 is taken"), errors


async def test_a_signal_that_comes_together_with_a_workers_word_is_obeyed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed_data = asyncio.StreamReader.feed_data

    async def live() -> None:
        program = "import time; print('ready', flush=True); time.sleep(600)"
        async with Workers([sys.executable, "-c", program], {}, 1, 1.0, tmp_path):
            await asyncio.Event().wait()

    def hear(reader: asyncio.StreamReader, data: bytes) -> None:
        feed_data(reader, data)
        living.cancel()

    monkeypatch.setattr(asyncio.StreamReader, "feed_data", hear)
    living = asyncio.create_task(live())
    _, late = await asyncio.wait([living], timeout=30)
    living.cancel()
    assert not late


@pytest.mark.parametrize("form", ["json", "text"])
def test_the_log_says_which_of_them_speaks(stores: EmbeddedStores, tmp_path: Path, form: str) -> None:
    settings = {**places(stores), "PARLEY_LOG__FORMAT": form}
    with running(tmp_path / "data", "--workers", "2", settings=settings) as server:
        assert server.stop() == 0
    said = [line for line in (tmp_path / "stderr.txt").read_text().splitlines() if "SIGTERM" in line]
    who = [found[1] if (found := re.search(r'worker"?:?"? ?"?(\d)', line)) else "" for line in said]
    assert sorted(who) == ["", "1", "2"], said


def test_all_end_with_their_parent(stores: EmbeddedStores, tmp_path: Path) -> None:
    with running(tmp_path / "data", "--workers", "2", settings=places(stores)) as server:
        pids = worker_pids(server)
        assert len(pids) == 2
        assert server.stop() == 0
        assert not any(is_alive(pid) for pid in pids)


async def test_each_sends_its_clients_away_when_their_parent_stops(stores: EmbeddedStores, tmp_path: Path) -> None:
    with running(tmp_path / "data", "--workers", "2", settings=places(stores)) as server:
        async with AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(raw.frames(server.url)) for _ in range(12)]
            server.process.terminate()
            assert [await client.ended() for client in clients] == [1001] * 12
        assert server.process.wait(PATIENCE_S) == 0


def test_none_outlives_a_parent_that_is_killed(stores: EmbeddedStores, tmp_path: Path) -> None:
    with running(tmp_path / "data", "--workers", "2", settings=places(stores)) as server:
        pids = worker_pids(server)
        server.stop(signal.SIGKILL)
        wait_until(lambda: not any(is_alive(pid) for pid in pids))


@pytest.mark.parametrize("number", ["0", "-1", "x", "1e3", "257"])
def test_what_is_no_number_of_workers_is_refused(tmp_path: Path, number: str) -> None:
    status, errors = refused(tmp_path / "data", "--workers", number)
    assert status == 2
    assert "--workers" in errors
