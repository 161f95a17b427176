"""Parley as a person starts it: run.py in a process of its own, with a data directory of its own."""

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from server.embedded import EmbeddedStores
from tests.support.stores import pool

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 180  # beside twenty other things the one line of a refusal took 40 s


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")}
    return {**inherited, **settings}


def places(stores: EmbeddedStores) -> dict[str, str]:
    """Settings of a server that has its database, of its own name, in stores that run already."""
    return {
        "PARLEY_MONGODB__URL": stores.mongodb_url,
        "PARLEY_MONGODB__DATABASE": pool.take(),
        "PARLEY_REDIS__URL": stores.redis_url,
        "PARLEY_REDIS__PREFIX": f"test_{secrets.token_hex(8)}",
    }


def command(data_dir: Path, *arguments: str) -> list[str]:
    return [sys.executable, str(ROOT / "run.py"), "--port", "0", "--data-dir", str(data_dir), *arguments]


def refused(data_dir: Path, *arguments: str, settings: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Start and expect an end: the exit status and everything written to standard error; nothing else was said."""
    run = subprocess.run(
        command(data_dir, *arguments),
        env=environment(settings or {}),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert run.stdout == ""
    return run.returncode, run.stderr


class RunningServer:
    def __init__(self, process: "subprocess.Popen[str]", data_dir: Path, first_lines: dict[str, str]) -> None:
        self.process = process
        self.data_dir = data_dir
        self.first_lines = first_lines
        self.url = first_lines["open"]

    def child_pids(self) -> dict[str, int]:
        return child_pids(self.data_dir)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        return self.process.wait(PATIENCE_S)


@contextmanager
def running(data_dir: Path, *arguments: str, settings: Mapping[str, str] | None = None) -> Iterator[RunningServer]:
    """A server that said where it is; killed at the end if the test did not stop it. stderr is in `stderr.txt`."""
    with (data_dir.parent / "stderr.txt").open("a") as stderr:
        process = subprocess.Popen(
            command(data_dir, *arguments),
            env=environment(settings or {}),
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            process_group=0,
        )
    with process:
        try:
            yield RunningServer(process, data_dir, read_first_lines(process))
        finally:
            if process.poll() is None:
                process.kill()


def read_first_lines(process: "subprocess.Popen[str]") -> dict[str, str]:
    assert process.stdout is not None
    lines: dict[str, str] = {}
    for line in process.stdout:
        key, _, text = line.strip().partition(" ")
        lines[key] = text.strip()
        if key == "stop":
            return lines
    raise AssertionError(f"ended with {process.wait(5)} before it ran")


def child_pids(data_dir: Path) -> dict[str, int]:
    return {held.stem: int(held.read_text()) for held in data_dir.glob("*.held") if held.read_text().strip()}


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except FileNotFoundError:
        return False


def wait_until(condition: Callable[[], bool], within_s: float = PATIENCE_S) -> None:
    """Poll something outside this process that tells nobody when it changes."""
    give_up_at = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < give_up_at, "did not happen in time"
        time.sleep(0.01)
