"""Measures full service: at each URL a message is acknowledged, and somebody at another URL is told of it."""

import asyncio
import itertools
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from benchmarks.servers import Person
from benchmarks.wire import GONE, Wire, connected

EVERY_S = 0.1  # a message; the figures are no finer than that
ANEW_AFTER_S = 40.0  # connections that bring nothing are replaced
COME_BACK_S = 0.1
FULL_SERVICE_WITHIN_S = 120.0  # mongod's longest restart delay, and a machine that is busy with other things


class NoService(Exception):
    """Raised when a URL does not come back."""


@dataclass
class Probe:
    """Two people who are friends, one at each of two doors."""

    http: aiohttp.ClientSession
    writer: Person
    writes_at: str
    listener: Person
    listens_at: str
    _heard: set[str] = field(default_factory=set)
    _asked: "dict[str, asyncio.Future[dict[str, Any]]]" = field(default_factory=dict)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    async def pass_one(self) -> None:
        """Return once a message that is sent from now on was acknowledged to the one and told to the other."""
        while True:
            with suppress(*GONE):
                async with (
                    connected(self.http, self.listens_at, self.listener.token, self._hear, _WANTED),
                    connected(self.http, self.writes_at, self.writer.token) as wire,
                    asyncio.timeout(ANEW_AFTER_S),
                ):
                    await self._write(wire)
                    return
            await asyncio.sleep(COME_BACK_S)

    async def _write(self, wire: Wire) -> None:
        self._heard.clear()
        self._asked.clear()
        while not any(_is_ok(answer) and name in self._heard for name, answer in self._asked.items()):
            if wire.reader is None or wire.reader.done():
                raise ConnectionError("the connection ended")
            name = f"probe-{next(self._numbers)}"
            body = {"contact": self.listener.number, "client_id": name, "text": "Is anybody there?"}
            self._asked[name] = await wire.ask("message_send", body)
            await asyncio.sleep(EVERY_S)

    @property
    def state(self) -> str:
        """Returns how far the probe has come."""
        answered = sum(map(_is_ok, self._asked.values()))
        return (
            f"{self.writes_at} to {self.listens_at}: of {len(self._asked)} sent "
            f"{answered} acknowledged and {len(self._heard)} told"
        )

    def _hear(self, _: str, body: dict[str, Any]) -> None:
        self._heard.add(body["message"]["client_id"])


_WANTED = frozenset({"message_created"})


def _is_ok(answer: "asyncio.Future[dict[str, Any]]") -> bool:
    return answer.done() and answer.exception() is None and bool(answer.result()["ok"])


async def full_service(probes: Sequence[Probe]) -> None:
    """Return once all of them passed a message; raises NoService."""
    if not probes:
        return
    passing = {asyncio.create_task(probe.pass_one(), name="probe"): probe for probe in probes}
    try:
        done, late = await asyncio.wait(passing, timeout=FULL_SERVICE_WITHIN_S)
    finally:
        for task in passing:
            task.cancel()
        await asyncio.gather(*passing, return_exceptions=True)
    for task in done:
        task.result()
    if late:
        states = ", ".join(passing[task].state for task in late)
        raise NoService(f"after {FULL_SERVICE_WITHIN_S:.0f} s no message passes from {states}")
