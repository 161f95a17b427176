"""Clients that read while a site is struck, as the protocol tells them to, and write down all that they are shown."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from time import monotonic
from typing import Any

import aiohttp
from typing_extensions import override

from benchmarks.history import History, shown
from benchmarks.senders import ANSWER_WITHIN_S
from benchmarks.servers import Person
from benchmarks.wire import GONE, Wire, connected

WANTED = frozenset(
    {"message_created", "message_edited", "message_deleted", "reaction_changed", "chat_changed", "resync"}
)
COME_BACK_S = 0.3
PAGE = 50


@dataclass
class Listener:
    """Stays connected, holds the log of its chats by events, and syncs after a gap, a `resync` and each new connection."""

    http: aiohttp.ClientSession
    doors: Sequence[str]
    name: str
    person: Person
    chats: frozenset[int]  # all of the run; what else it is told of is not its business
    random: Random
    history: History
    role: str = "listener"
    is_up: bool = False
    cursors: dict[int, int] = field(default_factory=dict)
    _beyond: dict[int, set[int]] = field(default_factory=dict)  # chat -> seqs that are held behind a gap
    _behind: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Listen until cancelled."""
        self._note("comes", role=self.role)
        while True:
            with suppress(*GONE):
                await self._visit()
            await asyncio.sleep(COME_BACK_S)

    async def _visit(self) -> None:
        url = self.random.choice(self.doors)
        async with connected(self.http, url, self.person.token, self._hear, WANTED) as wire:
            self._note("up", role=self.role, way="websocket", url=url)
            self.is_up = True
            try:
                await self._stay(wire)
            finally:
                self.is_up = False
                self._note("down")

    async def _stay(self, wire: Wire) -> None:
        assert wire.reader is not None
        wire.reader.add_done_callback(lambda _: self._behind.set())
        self._behind.set()
        while not wire.reader.done():
            await self._behind.wait()
            self._behind.clear()
            await self._sync(wire)

    async def _sync(self, wire: Wire) -> None:
        while not wire.reader.done() if wire.reader is not None else False:
            asked = dict(self.cursors)
            asked_at = monotonic()
            async with asyncio.timeout(ANSWER_WITHIN_S):
                answer = await wire.call("sync", {"cursors": {str(chat): seq for chat, seq in asked.items()}})
            if not answer["ok"]:
                await asyncio.sleep(answer["error"].get("retry_after_ms", 200) / 1000)
                continue
            for state in answer["chats"]:
                if state["chat"] in self.chats:
                    self._take(state, asked.get(state["chat"], 0), asked_at)
            if not answer["more"]:
                return

    def _take(self, state: dict[str, Any], after: int, asked_at: float) -> None:
        chat, cursor, entries = state["chat"], state["cursor"], state["entries"]
        if state["status"] == "reset":
            after = entries[0]["seq"] - 1 if entries else cursor
            self._note("reset", chat=chat, after=after, upto=cursor)
            self.cursors[chat] = 0
        for entry in entries:
            self._note("saw", how="sync", asked_at=asked_at, **shown(entry))
        if cursor > after:
            self._note("told", chat=chat, after=after, upto=cursor, how="sync")
        self.cursors[chat] = max(cursor, self.cursors.get(chat, 0))
        self._advance(chat)

    def _hear(self, name: str, body: dict[str, Any]) -> None:
        if name == "resync":
            self._note("resync")
            self._behind.set()
            return
        entry = {"message_created": body.get("message"), "chat_changed": body.get("change")}.get(name, body)
        if entry is None or body.get("chat", entry["chat"]) not in self.chats:
            return
        chat, seq = entry["chat"], entry["seq"]
        self._note("saw", how="event", **shown(entry))
        self._beyond.setdefault(chat, set()).add(seq)
        self._advance(chat)
        if self.cursors.get(chat, 0) < seq or chat not in self.cursors:
            self._behind.set()

    def _advance(self, chat: int) -> None:
        cursor, beyond = self.cursors.get(chat), self._beyond.get(chat)
        if cursor is None or not beyond:
            return
        while cursor + 1 in beyond:
            cursor += 1
        self.cursors[chat] = cursor
        self._beyond[chat] = {seq for seq in beyond if seq > cursor}

    def _note(self, what: str, **fields: object) -> None:
        self.history.note(what, by=self.name, account=self.person.account_id, **fields)


@dataclass
class Commuter(Listener):
    """Comes for a moment, reads by `sync` what it missed and a page of `history`, and goes again."""

    role: str = "commuter"
    stays_s: float = 2.0
    _has_read: bool = False

    @override
    async def _stay(self, wire: Wire) -> None:
        await self._sync(wire)
        if self.cursors:
            await self._read_page(wire, self.random.choice(sorted(self.cursors)))
        await asyncio.sleep(self.random.random() * self.stays_s)

    async def _read_page(self, wire: Wire, chat: int) -> None:
        reader = f"{self.name}/history"
        asked_at = monotonic()
        async with asyncio.timeout(ANSWER_WITHIN_S):
            answer = await wire.call("history", {"chat": chat, "limit": PAGE})
        if not answer["ok"] or not answer["entries"]:
            return
        common = {"by": reader, "account": self.person.account_id}
        if not self._has_read:
            self._has_read = True
            self.history.note("up", role="reader", **common)
        for entry in answer["entries"]:
            self.history.note("saw", how="history", asked_at=asked_at, **common, **shown(entry))
        first, last = answer["entries"][0]["seq"], answer["entries"][-1]["seq"]
        self.history.note("told", how="history", chat=chat, after=first - 1, upto=last, **common)


@dataclass
class Present:
    """Somebody whose app is open for a while and then closed, perhaps for longer, or until the next rest is over."""

    http: aiohttp.ClientSession
    doors: Sequence[str]
    name: str
    person: Person
    random: Random
    history: History
    comes_back: asyncio.Event
    stays_s: float = 30.0
    is_there: bool = False

    async def run(self) -> None:
        while True:
            with suppress(*GONE):
                await self._visit()
            if self.random.random() < 0.5:
                await self.comes_back.wait()
            await asyncio.sleep(self.random.random() * 3.0)

    async def _visit(self) -> None:
        url, common = self.random.choice(self.doors), {"by": self.name, "account": self.person.account_id}
        self.history.note(
            "up", role="present", url=url, **common
        )  # on the way there already: it may be seen before it knows
        self.is_there = True
        try:
            async with connected(self.http, url, self.person.token, namespace="/presence") as wire:
                assert wire.reader is not None
                await asyncio.wait([wire.reader], timeout=self.stays_s * (0.5 + self.random.random()))
        finally:
            self.is_there = False
            self.history.note("down", **common)


@dataclass
class PresenceWatcher:
    """Watches whether others are there, and writes down what it is shown of them."""

    http: aiohttp.ClientSession
    doors: Sequence[str]
    name: str
    person: Person
    watched: Sequence[Person]
    random: Random
    history: History
    shown_as: dict[int, str | None] = field(default_factory=dict)

    async def run(self) -> None:
        while True:
            with suppress(*GONE):
                await self._visit()
            await asyncio.sleep(COME_BACK_S)

    async def _visit(self) -> None:
        url, common = self.random.choice(self.doors), {"by": self.name, "account": self.person.account_id}
        wanted = frozenset({"presence"})
        async with connected(self.http, url, self.person.token, self._hear, wanted, namespace="/presence") as wire:
            assert wire.reader is not None
            self.history.note("up", role="watcher", url=url, **common)
            try:
                self.history.note("watches", accounts=[each.account_id for each in self.watched], **common)
                async with asyncio.timeout(ANSWER_WITHIN_S):
                    answer = await wire.call("presence_watch", {"contacts": [each.number for each in self.watched]})
                if not answer["ok"]:
                    raise ConnectionError(str(answer))
                for state in answer["presence"]:
                    self._hear("presence", state)
                await asyncio.wait([wire.reader])
            finally:
                self.shown_as.clear()
                self.history.note("down", **common)

    def _hear(self, _: str, body: dict[str, Any]) -> None:
        for each in self.watched:
            if each.number == body["contact"]:
                self.shown_as[each.account_id] = body["status"]
                self.history.note("presence", by=self.name, of=each.account_id, status=body["status"])
