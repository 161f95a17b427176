"""Clients that listen while servers die: second devices that keep what they are told, and control clients."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import aiohttp
from typing_extensions import override

from benchmarks.senders import ANSWER_WITHIN_S, COME_BACK_MAX_S
from benchmarks.servers import Person
from benchmarks.wire import GONE, Wire, connected

WANTED = frozenset({"message_created", "chat_changed", "resync"})
# A crashed node is missed after 15 s, an unreachable Redis after 10; then syncs are spread over 3.
KNOWS_WITHIN_S = 30.0


@dataclass
class Listener:
    """A second device: keeps the log of its account's chats by syncing when it reconnects and by packets in between."""

    http: aiohttp.ClientSession
    url: str
    person: Person
    logs: dict[int, dict[int, tuple[str, str | None]]] = field(default_factory=dict)  # chat -> seq -> (kind, text)
    cursors: dict[int, int] = field(default_factory=dict)
    syncs: int = 0
    told_twice: list[tuple[int, int]] = field(default_factory=list)  # (chat, seq) told twice on one connection
    is_done: bool = False
    _live: set[tuple[int, int]] = field(default_factory=set)
    _behind: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        while not self.is_done:
            try:
                self._live.clear()
                async with connected(self.http, self.url, self.person.token, self._hear, WANTED) as wire:
                    self._behind.set()
                    assert wire.reader is not None
                    wire.reader.add_done_callback(lambda _: self._behind.set())
                    while not wire.reader.done() and not self.is_done:
                        await self._behind.wait()
                        self._behind.clear()
                        if not self.is_done:
                            await self._sync(wire)
            except GONE:
                await asyncio.sleep(COME_BACK_MAX_S / 2)
            finally:
                self._part()

    def finish(self) -> None:
        """Leave with what is held now."""
        self.is_done = True
        self._behind.set()

    async def catch_up(self) -> None:
        """One more connection and sync, with nothing going on."""
        async with connected(self.http, self.url, self.person.token) as wire:
            await self._sync(wire)

    async def _sync(self, wire: Wire) -> None:
        while True:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                answer = await wire.call("sync", {"cursors": {str(chat): seq for chat, seq in self.cursors.items()}})
            if not answer["ok"]:
                if not answer["error"]["retryable"]:
                    raise AssertionError(answer)
                await asyncio.sleep(0.2)
                continue
            self.syncs += 1
            for state in answer["chats"]:
                if state["status"] == "reset":
                    # What was heard while the answer was on its way is newer than the answer.
                    newer = self.logs.get(state["chat"], {}).items()
                    self.logs[state["chat"]] = {seq: row for seq, row in newer if seq > state["cursor"]}
                    self.cursors[state["chat"]] = 0
                for entry in state["entries"]:
                    self._keep(entry["chat"], entry["seq"], entry["kind"], entry.get("text"))
                self.cursors[state["chat"]] = max(state["cursor"], self.cursors.get(state["chat"], 0))
                self._advance(state["chat"])
            if not answer["more"]:
                return

    def _hear(self, name: str, body: dict[str, Any]) -> None:
        if name == "message_created":
            message = body["message"]
            key = message["chat"], message["seq"]
            if key in self._live:
                self.told_twice.append(key)
            self._live.add(key)
            self._keep(*key, "message", message.get("text"))
            self._advance(message["chat"])
            if self.cursors.get(message["chat"], 0) < message["seq"]:
                self._miss(message["chat"])
        else:
            self._behind.set()

    def _miss(self, chat: int) -> None:  # noqa: ARG002 (for whom it makes a difference)
        """Ask for what is missing before what is held."""
        self._behind.set()

    def _part(self) -> None:
        """Note that the connection is gone."""

    def _keep(self, chat: int, seq: int, kind: str, text: str | None) -> None:
        self.logs.setdefault(chat, {})[seq] = kind, text

    def _advance(self, chat: int) -> None:
        log, cursor = self.logs.get(chat, {}), self.cursors.get(chat, 0)
        while cursor + 1 in log:
            cursor += 1
        self.cursors[chat] = cursor


@dataclass
class ControlClient(Listener):
    """One that syncs only when it connects or is told to: what it was not told and not told of, it lacks unknowingly.

    It sees holes before what it holds and only writes down for how long they are there.
    """

    chats: Sequence[int] = ()  # all that it is in
    longest_behind_s: float = 0.0
    times_too_long: int = 0  # it was behind for longer than any fault excuses
    _highest: dict[int, int] = field(default_factory=dict)
    _behind_since: dict[int, float] = field(default_factory=dict)  # by chat

    @override
    def _miss(self, chat: int) -> None:
        self._behind_since.setdefault(chat, monotonic())

    @override
    def _part(self) -> None:
        for chat in list(self._behind_since):
            self._know(chat)  # whoever lost the connection knows that something may be missing

    @override
    def _keep(self, chat: int, seq: int, kind: str, text: str | None) -> None:
        super()._keep(chat, seq, kind, text)
        self._highest[chat] = max(seq, self._highest.get(chat, 0))

    @override
    def _advance(self, chat: int) -> None:
        super()._advance(chat)
        if chat in self._behind_since and self.cursors[chat] >= self._highest.get(chat, 0):
            self._know(chat)

    def _know(self, chat: int) -> None:
        behind_s = monotonic() - self._behind_since.pop(chat)
        self.longest_behind_s = max(self.longest_behind_s, behind_s)
        self.times_too_long += behind_s > KNOWS_WITHIN_S
