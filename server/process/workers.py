"""Runs several nodes on one port of one machine, one per core, each a process of its own over the same stores.

The kernel spreads connections over them (SO_REUSEPORT); requests that reach the wrong one are forwarded (server/nodes).
The parent starts the embedded stores, restarts workers that end, and serves no requests itself.
"""

import asyncio
import logging
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from server.embedded.child import LAUNCHER
from server.startup_error import StartupError

log = logging.getLogger(__name__)

READY = b"ready\n"
START_WITHIN_S = 60.0
STEADY_S = 10.0  # a worker that ran this long did not fail at its start
FIRST_DELAY_S, LONGEST_DELAY_S = 0.5, 10.0


class Workers:
    """Runs `count` processes of one command for the time of an `async with`; inside it all of them serve.

    Each gets a file of its own in the folder `sockets`, where the others ask for its metrics (worker_metrics.py). A
    worker prints `ready` once it serves. StartupError when one ends before that. At the end of the block they are asked
    to stop, and killed after `stops_within_s`; if this process dies, the kernel tells them at once.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        count: int,
        stops_within_s: float,
        sockets: Path,
    ) -> None:
        self._command = list(command)
        self._environment = {**os.environ, **environment}
        self._count = count
        self._stops_within_s = stops_within_s
        self._sockets = sockets
        self._processes: dict[int, Process] = {}
        self._keepers: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        try:
            # One at a time, so that the first start alone creates the indexes.
            for number in range(self._count):
                await self._start(number)
        except BaseException:
            await self._stop()
            raise
        self._keepers = [
            asyncio.create_task(self._keep(number), name=f"keep worker {number}") for number in range(self._count)
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        await self._stop()

    async def _start(self, number: int) -> None:
        launch = [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), str(int(signal.SIGTERM))]
        try:
            process = self._processes[number] = await asyncio.create_subprocess_exec(
                *launch,
                *self._command,
                "--worker",
                str(self._sockets / f"{number + 1}.sock"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=PIPE,
                env=self._environment,
            )
        except OSError as error:  # for example no memory for one more process, which may have ended the last one
            raise StartupError(f"worker {number + 1} of {self._count} cannot be started ({error.strerror})") from None
        assert process.stdout is not None
        said = b""
        with suppress(TimeoutError):
            # Not `wait_for`: in Python 3.11 it loses a cancellation that arrives together with the line.
            async with asyncio.timeout(START_WITHIN_S):
                said = await process.stdout.readline()
        if said != READY:
            raise StartupError(f"worker {number + 1} of {self._count} did not start (its own line above says why)")

    async def _keep(self, number: int) -> None:
        """Start a worker again whenever it ends, after delays that grow while it keeps failing."""
        loop = asyncio.get_running_loop()
        delay_s, started = FIRST_DELAY_S, loop.time()
        while True:
            code = await self._processes[number].wait()
            log.error("worker %d ended with %d and is started again", number + 1, code)
            delay_s = FIRST_DELAY_S if loop.time() - started > STEADY_S else min(delay_s * 2, LONGEST_DELAY_S)
            await asyncio.sleep(delay_s)
            started = loop.time()
            try:
                await self._start(number)
            except StartupError as reason:
                log.error("%s", reason)  # noqa: TRY400 (it says why, or the worker has)

    async def _stop(self) -> None:
        running = [process for process in self._processes.values() if process.returncode is None]
        for process in running:
            process.terminate()
        ends = [asyncio.ensure_future(process.wait()) for process in running]
        if not ends:
            return
        _, late = await asyncio.wait(ends, timeout=self._stops_within_s)
        if late:
            for process in running:
                if process.returncode is None:
                    log.warning("worker process %d is killed", process.pid)
                    process.kill()
            await asyncio.wait(late)
