"""Starts and stops a child process that listens on a port of its own: the common part of both embedded servers."""

import asyncio
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from server.embedded.child import Child, hold
from server.embedded.ports import choose_port
from server.startup_error import StartupError

PORT_TRIES = 3


class EmbeddedServer(ABC):
    """One child process at a time, on a port that stays the same when it is started again."""

    name: ClassVar[str]  # of its program
    files: ClassVar[str]  # its files in the data directory: FILES.held, FILES.log, …

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._child: Child | None = None
        self.port = 0

    @property
    @abstractmethod
    def url(self) -> str:
        """Returns where it answers, with the password, once it is started."""

    async def start(self) -> None:
        """Return when it answers; StartupError says what it died of. A later start keeps the port."""
        is_first = self.port == 0
        for tries_left in reversed(range(PORT_TRIES if is_first else 1)):
            held = await hold(self._file("held"))
            if is_first:
                self.port = self._choose_port()
            self._child = self._launch(held)
            try:
                await self._child.outlive(self._answer(self._child))
            except StartupError as ended:
                if not tries_left or "address already in use" not in str(ended).lower():
                    raise
            else:
                break

    async def stop(self, patience_s: float) -> None:
        """Return when it is gone; it is killed after `patience_s`."""
        if self._child is not None:
            await self._child.stop(patience_s)

    async def ended(self) -> int:
        """Wait until it is gone. Returns its exit status, negative for a signal."""
        assert self._child is not None, "never started"
        return await asyncio.shield(self._child.exited)

    async def pid(self) -> int:
        """Returns the number of its process."""
        assert self._child is not None, "never started"
        return await self._child.pid()

    def _file(self, ending: str) -> Path:
        return self._data_dir / f"{self.files}.{ending}"

    def _choose_port(self) -> int:
        return choose_port()

    @abstractmethod
    def _launch(self, held: int) -> Child:
        """Returns the child, which is launched with the lock `held`."""

    @abstractmethod
    async def _answer(self, child: Child) -> None:
        """Return when the child answers on its port."""
