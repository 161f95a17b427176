"""Runs one child process: its log, its lock on the data that it works on, and its end.

A thread of its own starts the child and waits for it: the kernel sends the parent-death signal when the starting
*thread* ends, and this one ends with the child or with the process, never in between.

The child inherits a lock on `<name>.held`. The holder of that lock knows that no former child still works on the data,
even after `kill -9` of the server, when a child takes a moment to act on the signal.
"""

import asyncio
import contextlib
import fcntl
import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from server.embedded.ports import LOOPBACK
from server.process.data_dir import is_full
from server.startup_error import StartupError

log = logging.getLogger(__name__)

LAUNCHER = Path(__file__).with_name("launcher.py")
LOG_MAX_BYTES = 16 * 1024 * 1024  # then it is renamed, and replaces an older one
LAST_WORDS_BYTES = 64 * 1024
FORMER_CHILD_PATIENCE_S = 20  # mongod takes 1 s to stop, more with much unwritten data
PATIENCE_S = 5  # only a start with much to recover takes longer
LAST_BREATH_S = 1
POLL_S = 0.01


async def hold(path: Path) -> int:
    """Wait until no former child holds `path`, and lock it. Returns the file descriptor, which the caller closes."""
    lock_fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        async with asyncio.timeout(FORMER_CHILD_PATIENCE_S):
            while True:
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return lock_fd
                await asyncio.sleep(POLL_S)
    except BaseException as error:
        pid = os.pread(lock_fd, 20, 0).decode("ascii", "replace").strip() or "unknown"
        os.close(lock_fd)
        if isinstance(error, TimeoutError):
            raise StartupError(f"{path.stem} of an earlier run is still alive: end process {pid}") from None
        raise


class Child:
    """A process that ends when this one ends, however that happens. SIGINT of a terminal does not reach it."""

    def __init__(self, argv: Sequence[str | Path], log_path: Path, held: int, first_words: bytes = b"") -> None:
        """Start it. `held` (from `hold`) is passed on and closed here; `first_words` goes to its standard input."""
        loop = asyncio.get_running_loop()
        self._started: asyncio.Future[subprocess.Popen[bytes]] = loop.create_future()
        self.exited: asyncio.Future[int] = loop.create_future()
        self._log_path = log_path
        with contextlib.suppress(FileNotFoundError):
            if log_path.stat().st_size > LOG_MAX_BYTES:
                log_path.replace(log_path.with_suffix(".log.1"))
        self._log_starts_at = log_path.stat().st_size if log_path.exists() else 0
        death_signal = signal.SIGTERM  # a clean end loses no unjournaled write and spares the next start a recovery
        launch = [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), str(int(death_signal)), *map(str, argv)]
        threading.Thread(
            target=self._live, args=(loop, launch, held, first_words), name=f"{log_path.stem} waiter", daemon=True
        ).start()

    def _live(self, loop: asyncio.AbstractEventLoop, launch: list[str], held: int, first_words: bytes) -> None:
        def tell(settle: Callable[[], None], future: "asyncio.Future[Any]") -> None:
            def settle_once() -> None:
                if not future.done():
                    settle()

            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(settle_once)

        try:
            log_fd = os.open(self._log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(log_fd, "ab") as log_file:
                process = subprocess.Popen(  # noqa: S603 - the arguments are ours
                    launch,
                    stdin=subprocess.PIPE,
                    stdout=log_file,
                    stderr=log_file,
                    pass_fds=(held,),
                    start_new_session=True,
                )
            os.pwrite(held, f"{process.pid}\n".encode().ljust(20), 0)
        except OSError as error:
            problem = StartupError(f"{self._log_path.stem}: {error}")
            tell(lambda: self._started.set_exception(problem), self._started)
            return
        finally:
            os.close(held)
        tell(lambda: self._started.set_result(process), self._started)
        with contextlib.suppress(BrokenPipeError):
            process.communicate(first_words)
        code = process.wait()
        tell(lambda: self.exited.set_result(code), self.exited)

    async def pid(self) -> int:
        return (await asyncio.shield(self._started)).pid

    async def outlive(self, work: Coroutine[Any, Any, None]) -> None:
        """Wait until `work` is done. StartupError with the end of the child's log when the child ends first."""
        task = asyncio.create_task(work)
        both: set[asyncio.Future[Any]] = {task, self.exited}
        try:
            await asyncio.shield(self._started)
            while not (await asyncio.wait(both, timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED))[0]:
                log.info("still waiting for %s to start (see %s)", self._log_path.stem, self._log_path)
            if task.done() and task.exception() is not None:  # perhaps because the child is about to end
                await asyncio.wait({self.exited}, timeout=LAST_BREATH_S)
            if not self.exited.done():
                return await task
        finally:
            if not task.done():
                task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        # On a full disk its log is empty.
        if full := is_full(self._log_path.parent):
            raise StartupError(f"data_dir: {self._log_path.stem} cannot work in {self._log_path.parent}, as {full}")
        raise StartupError(f"{self._log_path.stem} ended while it started: {self.last_words()} (see {self._log_path})")

    async def accepts(self, port: int) -> None:
        """Wait until some process on this machine accepts connections on `port`."""
        while True:
            try:
                _, writer = await asyncio.open_connection(LOOPBACK, port)
            except OSError:
                await asyncio.sleep(POLL_S)
            else:
                writer.close()
                await writer.wait_closed()
                return

    async def stop(self, patience_s: float) -> None:
        """Terminate the child, kill it after `patience_s`, and return when it is gone."""
        try:
            process = await asyncio.shield(self._started)
        except StartupError:
            return
        if self.exited.done():
            return
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self.exited), patience_s)
            return
        process.kill()
        await asyncio.shield(self.exited)

    def last_words(self) -> str:
        """Returns why the child ended, from its log: the first fatal error, else the last error or line.

        mongod logs much more after a fatal error.
        """
        with self._log_path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(self._log_starts_at, size - LAST_WORDS_BYTES))
            lines = file.read().decode("utf-8", "replace").strip().splitlines()
        words = ""
        for line in reversed(lines):
            if line.startswith('{"t"'):
                with contextlib.suppress(ValueError, AttributeError):
                    entry = json.loads(line)
                    if entry["s"] == "F" or (entry["s"] == "E" and not words):
                        words = ": ".join(filter(None, [entry["msg"], str(entry.get("attr", {}).get("error", ""))]))
            elif not words:
                return line
        if words:
            return words
        return f"exit {self.exited.result()}" if self.exited.done() else "nothing"
