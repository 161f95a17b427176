"""Signals end a node as SIGTERM does, draining, or they do nothing; none cuts its clients off."""

import http.client
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from server.embedded import EmbeddedStores
from tests.server.processes import PATIENCE_S, ROOT, command, environment, places, read_first_lines, running, wait_until

NOTHING = [signal.SIGUSR1, signal.SIGUSR2]


def lines(folder: Path) -> list[str]:
    text = (folder / "stderr.txt").read_text()
    return [json.loads(line)["message"] for line in text.splitlines() if line.startswith("{")]


def is_alive(url: str) -> bool:
    line = http.client.HTTPConnection(url.split("/")[2], timeout=PATIENCE_S)
    try:
        line.request("GET", "/healthz")
        return line.getresponse().status == 200
    finally:
        line.close()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_terminal_that_is_closed_drains_it(stores: EmbeddedStores, tmp_path: Path, workers: int) -> None:
    with running(tmp_path / "var", "--workers", str(workers), settings=places(stores)) as server:
        os.killpg(server.process.pid, signal.SIGHUP)
        assert server.process.wait(PATIENCE_S) == 0
    assert "SIGHUP: stopping" in lines(tmp_path)


def test_nohup_keeps_it(stores: EmbeddedStores, tmp_path: Path) -> None:
    start = (
        "import os, signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN); os.execv(sys.executable, sys.argv[1:])"
    )
    argv = [sys.executable, "-c", start, *command(tmp_path / "var")]
    with subprocess.Popen(
        argv, env=environment(places(stores)), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT
    ) as process:
        try:
            url = read_first_lines(process)["open"]
            process.send_signal(signal.SIGHUP)
            assert is_alive(url)
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_S) == 0
        finally:
            process.kill()


def test_signals_that_mean_nothing_are_said_and_ignored(stores: EmbeddedStores, tmp_path: Path) -> None:
    with running(tmp_path / "var", "--workers", "2", settings=places(stores)) as server:
        for number in NOTHING:
            os.killpg(server.process.pid, number)
        for number in NOTHING:  # by the parent and both workers
            wait_until(lambda number=number: sum(number.name in line for line in lines(tmp_path)) == 3)  # type: ignore[misc]
        assert is_alive(server.url)
        assert server.stop() == 0
