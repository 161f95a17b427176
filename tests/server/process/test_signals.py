"""Signals end a node as SIGTERM does, draining, or they do nothing; none cuts its clients off."""

import http.client
import json
import os
import signal
from pathlib import Path

from server.embedded import EmbeddedStores
from tests.server.processes import PATIENCE_S, places, running, wait_until

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


def test_a_terminal_that_is_closed_drains_it(stores: EmbeddedStores, tmp_path: Path) -> None:
    with running(tmp_path / "var", settings=places(stores)) as server:
        os.killpg(server.process.pid, signal.SIGHUP)
        assert server.process.wait(PATIENCE_S) == 0
    assert "SIGHUP: stopping" in lines(tmp_path)


def test_nohup_keeps_it(stores: EmbeddedStores, tmp_path: Path) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # inherited, as from `nohup`
    try:
        with running(tmp_path / "var", settings=places(stores)) as server:
            server.process.send_signal(signal.SIGHUP)
            assert is_alive(server.url)
            assert server.stop() == 0
    finally:
        signal.signal(signal.SIGHUP, before)
    assert not any("SIGHUP" in line for line in lines(tmp_path))


def test_signals_that_mean_nothing_are_said_and_ignored(stores: EmbeddedStores, tmp_path: Path) -> None:
    with running(tmp_path / "var", settings=places(stores)) as server:
        for number in NOTHING:
            os.killpg(server.process.pid, number)
        for number in NOTHING:
            wait_until(lambda number=number: any(number.name in line for line in lines(tmp_path)))  # type: ignore[misc]
        assert is_alive(server.url)
        assert server.stop() == 0
