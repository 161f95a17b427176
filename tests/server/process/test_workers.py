"""Several workers on one port: people notice nothing of it, not even when one dies."""

import asyncio
import os
import re
import resource
import signal
import subprocess
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
from tests.server.processes import PATIENCE_S, ROOT, RunningServer, is_alive, places, refused, running, wait_until
from tests.support import raw

COUNT = 3


def worker_pids(of: int) -> set[int]:
    """The children that are workers, by their command line, or by their name where they were forked (tests/support/warm_workers.py)."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            words = [*(stat.parent / "cmdline").read_bytes().split(b"\0"), (stat.parent / "comm").read_bytes().strip()]
        except OSError:
            continue
        if parent == of and b"--worker" in words:
            found.add(int(stat.parent.name))
    return found


def lines(server: RunningServer) -> list[str]:
    return (server.data_dir.parent / "stderr.txt").read_text().splitlines()


def speakers(server: RunningServer, word: str) -> list[str]:
    """Which workers have written lines with this word, by their own words; the parent is nobody."""
    said = [line for line in lines(server) if word in line]
    return sorted(found[1] if (found := re.search(r'worker"?:?"? ?"?(\d)', line)) else "" for line in said)


def is_ready(server: RunningServer) -> bool:
    try:
        with urllib.request.urlopen(f"{server.url}readyz", timeout=PATIENCE_S) as answer:
            return answer.status == 200
    except OSError:
        return False


@pytest.fixture(scope="module")
def server(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The last test that uses it stops it."""
    folder = tmp_path_factory.mktemp("workers")
    with running(folder / "data", "--workers", str(COUNT), settings=places(stores)) as server:
        yield server


def test_so_many_serve_one_port_as_were_asked_for(server: RunningServer) -> None:
    assert len(worker_pids(server.process.pid)) == COUNT
    assert is_ready(server)


def test_one_that_dies_is_started_again_also_if_that_fails_at_first_and_the_others_go_on(server: RunningServer) -> None:
    parent, before = server.process.pid, worker_pids(server.process.pid)
    soft, hard = resource.prlimit(parent, resource.RLIMIT_NOFILE)
    resource.prlimit(parent, resource.RLIMIT_NOFILE, (3, hard))  # no pipe to a new process can be opened
    try:
        os.kill(min(before), signal.SIGKILL)
        wait_until(lambda: any("cannot be started" in line for line in lines(server)))
    finally:
        resource.prlimit(parent, resource.RLIMIT_NOFILE, (soft, hard))
    wait_until(lambda: len(worker_pids(parent) - {min(before)}) == COUNT)
    assert before - {min(before)} <= worker_pids(parent)
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


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGUSR2])
def test_signals_that_mean_nothing_are_said_and_ignored_by_all(server: RunningServer, number: signal.Signals) -> None:
    os.killpg(server.process.pid, number)
    wait_until(lambda: speakers(server, number.name) == ["", "1", "2", "3"])
    assert is_ready(server)


async def test_each_sends_its_clients_away_when_their_parent_stops_and_all_end_with_it(server: RunningServer) -> None:
    pids = worker_pids(server.process.pid)
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(raw.frames(server.url)) for _ in range(12)]
        server.process.terminate()
        assert [await client.ended() for client in clients] == [1001] * 12
    assert server.process.wait(PATIENCE_S) == 0
    assert not any(is_alive(pid) for pid in pids)
    assert speakers(server, "SIGTERM: stopping") == ["", "1", "2", "3"], "the log says which of them speaks"


def test_a_terminal_that_is_closed_drains_all(stores: EmbeddedStores, tmp_path: Path) -> None:
    settings = {**places(stores), "PARLEY_LOG__FORMAT": "text"}
    with running(tmp_path / "data", "--workers", "2", settings=settings) as server:
        pids = worker_pids(server.process.pid)
        assert len(pids) == 2
        os.killpg(server.process.pid, signal.SIGHUP)
        assert server.process.wait(PATIENCE_S) == 0
        assert not any(is_alive(pid) for pid in pids)
    assert speakers(server, "SIGHUP: stopping")
    # A worker may hear of it from its parent first, by SIGTERM.
    assert speakers(server, ": stopping") == ["", "1", "2"], "a log for people says which of them speaks, too"


PARENT = """
import asyncio, pathlib, sys
from server.process.workers import Workers

async def live():
    program = "import time; print('ready', flush=True); time.sleep(600)"
    async with Workers([sys.executable, "-c", program], {}, 2, 1.0, pathlib.Path(sys.argv[1])):
        print("all are ready", flush=True)
        await asyncio.Event().wait()

asyncio.run(live())
"""


def test_none_outlives_a_parent_that_is_killed(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", PARENT, str(tmp_path)]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"all are ready\n"
        pids = worker_pids(parent.pid)
        assert len(pids) == 2
        parent.kill()
    wait_until(lambda: not any(is_alive(pid) for pid in pids))


@pytest.mark.parametrize("number", ["0", "-1", "x", "1e3", "257"])
def test_what_is_no_number_of_workers_is_refused(tmp_path: Path, number: str) -> None:
    status, errors = refused(tmp_path / "data", "--workers", number)
    assert status == 2
    assert "--workers" in errors
