"""What workers show together is what each of them would show, and who of them is silent is seen."""

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from server.metrics import Metrics
from server.process import worker_metrics
from server.process.worker_metrics import WorkerMetrics, sockets_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with sockets_folder(tmp_path) as made:
        return made


def one_of(folder: Path, number: int) -> tuple[WorkerMetrics, Metrics]:
    metrics = Metrics()
    metrics.gauge("parley_sockets", "Open connections", lambda: number * 10)
    metrics.counter("parley_bus_breaks", "Breaks", lambda: number)
    return WorkerMetrics(folder / f"{number}.sock", metrics.text), metrics


@pytest.fixture
async def two(folder: Path) -> AsyncIterator[tuple[WorkerMetrics, WorkerMetrics]]:
    async with AsyncExitStack() as stack:
        both = one_of(folder, 1)[0], one_of(folder, 2)[0]
        for each in both:
            await each.open()
            stack.push_async_callback(each.close)
        yield both


def samples(text: bytes) -> dict[tuple[str, str], float]:
    """By name and worker, of the figures that have no other label."""
    found = [sample for family in text_string_to_metric_families(text.decode()) for sample in family.samples]
    return {(s.name, s.labels["worker"]): s.value for s in found if set(s.labels) == {"worker"}}


async def test_each_shows_the_figures_of_all(two: tuple[WorkerMetrics, WorkerMetrics]) -> None:
    for asked in two:
        shown = samples(await asked.gather())
        assert (shown["parley_sockets", "1"], shown["parley_sockets", "2"]) == (10, 20)
        assert (shown["parley_bus_breaks_total", "1"], shown["parley_bus_breaks_total", "2"]) == (1, 2)
        assert (shown["parley_worker_up", "1"], shown["parley_worker_up", "2"]) == (1, 1)


async def test_labels_and_histograms_stay_what_they_are(folder: Path) -> None:
    own, metrics = one_of(folder, 1)
    metrics.refused("rest", 'a"b\\c\n')
    metrics.stored(["message"] * 7)
    await own.open()
    try:
        families = list(text_string_to_metric_families((await own.gather()).decode()))
    finally:
        await own.close()
    found = {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}
    refusal = frozenset({("door", "rest"), ("code", 'a"b\\c\n'), ("worker", "1")})
    assert found["parley_refusals_total", refusal] == 1
    assert found["parley_journal_batch_entries_bucket", frozenset({("le", "+Inf"), ("worker", "1")})] == 1
    assert {family.name: family.type for family in families}["parley_journal_batch_entries"] == "histogram"


async def test_one_that_was_killed_is_seen(two: tuple[WorkerMetrics, WorkerMetrics], folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(folder / "3.sock"))
    shown = samples(await two[0].gather())
    assert shown["parley_worker_up", "3"] == 0
    assert shown["parley_sockets", "1"] == 10


async def test_one_that_stalls_holds_nobody_up(
    two: tuple[WorkerMetrics, WorkerMetrics], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_metrics, "ANSWER_WITHIN_S", 0.2)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(folder / "3.sock"))
        silent.listen()
        shown = samples(await two[0].gather())
    assert shown["parley_worker_up", "3"] == 0
    assert shown["parley_sockets", "2"] == 20


async def test_one_that_is_started_again_takes_its_place(
    two: tuple[WorkerMetrics, WorkerMetrics], folder: Path
) -> None:
    again = WorkerMetrics(folder / "2.sock", lambda: b"parley_sockets 99\n")
    await again.open()
    try:
        assert samples(await two[0].gather())["parley_sockets", "2"] == 99
    finally:
        await again.close()


async def test_one_that_ends_is_seen_to_be_away(two: tuple[WorkerMetrics, WorkerMetrics]) -> None:
    await two[1].close()
    assert samples(await two[0].gather())["parley_worker_up", "2"] == 0


async def test_one_whose_parent_was_killed_leaves_the_place_of_its_successor_alone(
    two: tuple[WorkerMetrics, WorkerMetrics], folder: Path
) -> None:
    successor = WorkerMetrics(folder / "2.sock", lambda: b"parley_sockets 99\n")
    await successor.open()
    try:
        await two[1].close()  # it has served its clients to the end, while its successor has begun
        assert samples(await two[0].gather())["parley_sockets", "2"] == 99
    finally:
        await successor.close()


def test_nobody_else_may_enter_the_folder_and_nothing_is_left_in_it(tmp_path: Path) -> None:
    for _ in range(2):
        with sockets_folder(tmp_path) as folder:
            assert folder.stat().st_mode & 0o077 == 0
            assert not list(folder.iterdir())
            (folder / "1.sock").touch()


def test_a_path_too_long_for_a_socket_is_got_round(tmp_path: Path) -> None:
    with sockets_folder(tmp_path / ("x" * 200)) as folder:
        assert len(bytes(folder / "256.sock")) < 100
        assert folder.stat().st_mode & 0o077 == 0
    assert not folder.exists()
