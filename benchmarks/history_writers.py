"""Clients that write while a site is struck: messages, edits, deletions, reactions, again and again until each is answered."""

import asyncio
import itertools
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from time import monotonic
from typing import Any

import aiohttp

from benchmarks.history import History, digest
from benchmarks.polling import polling
from benchmarks.senders import ANSWER_WITHIN_S, COME_BACK_MAX_S, COME_BACK_S
from benchmarks.servers import Person
from benchmarks.wire import GONE, Wire, connected

# Shares of acts out of a hundred; what is left are messages.
EDITS, DELETIONS, REACTIONS, REPEATS = 8, 2, 8, 4
REMEMBERED = 200  # acts of its own that a writer edits, deletes or repeats
EMOJI = ("👍", "🎉", "❤️", "😀")


@dataclass(slots=True, eq=False)
class Act:
    """One request that writes, under the client id that it keeps for ever."""

    order: int
    chat: int
    client_id: str
    kind: str  # of the entry that it makes
    event: str
    body: dict[str, object]
    text: str | None
    of: int | None = None
    seq: int | None = None


@dataclass
class Writer:
    """Keeps `window` requests in the air on one connection. What has no answer when it breaks is sent again, in order.

    Its client ids are plain numbers, the same as those of every other writer: they are its own only together with its account.
    """

    http: aiohttp.ClientSession
    doors: Sequence[str]
    name: str
    person: Person
    chats: Sequence[int]
    random: Random
    history: History
    said: dict[int, deque[int]]  # chat -> messages of anybody, to react to
    by_polling: bool = False
    window: int = 4
    every_s: float = 0.2
    stays_s: float = 20.0
    acknowledged: int = 0
    unanswered: dict[tuple[int, str], Act] = field(default_factory=dict)
    _own: deque[Act] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _is_done: bool = False
    _next_at: float = 0.0
    _moved: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Write until `finish` is called and everything is answered; then it may be run again."""
        self._is_done = False
        pause_s = COME_BACK_S
        open_wire = polling if self.by_polling else connected
        while not (self._is_done and not self.unanswered):
            url = self.random.choice(self.doors)
            try:
                async with open_wire(self.http, url, self.person.token) as wire:
                    pause_s = COME_BACK_S
                    self._note_way("up", url)
                    try:
                        await self._write(wire)
                    finally:
                        self._note_way("down", url)
            except GONE:
                await asyncio.sleep(pause_s * (0.5 + self.random.random()))
                pause_s = min(2 * pause_s, COME_BACK_MAX_S)

    def finish(self) -> None:
        """Begin nothing new."""
        self._is_done = True
        self._moved.set()

    def _note_way(self, what: str, url: str) -> None:
        way = "polling" if self.by_polling else "websocket"
        self.history.note(what, by=self.name, account=self.person.account_id, role="writer", way=way, url=url)

    async def _write(self, wire: Wire) -> None:
        assert wire.reader is not None
        leaves_at = monotonic() + self.stays_s * (0.5 + self.random.random())
        answering: set[asyncio.Task[None]] = set()
        wire.reader.add_done_callback(lambda _: self._moved.set())
        try:
            for act in sorted(self.unanswered.values(), key=lambda act: act.order):
                answering.add(await self._ask(wire, act))
            while not wire.reader.done() and not (self._is_done and not self.unanswered):
                if monotonic() > leaves_at:
                    return
                self._moved.clear()
                answering = {task for task in answering if not task.done()}
                has_room = not self._is_done and len(answering) < self.window
                if has_room and monotonic() >= self._next_at:
                    self._next_at = monotonic() + self.every_s * (0.5 + self.random.random())
                    answering.add(await self._ask(wire, self._choose()))
                elif has_room:
                    await asyncio.sleep(self._next_at - monotonic())
                else:
                    async with asyncio.timeout(ANSWER_WITHIN_S):
                        await self._moved.wait()
            if wire.reader.done():
                raise ConnectionError("the connection ended")
        finally:
            for task in answering:
                task.cancel()
            await asyncio.gather(*answering, return_exceptions=True)

    def _choose(self) -> Act:
        dice = self.random.randrange(100)
        order = next(self._numbers)
        client_id = str(order)
        if dice < REPEATS and self._own:
            return self.random.choice(self._own)
        if dice < REPEATS + EDITS + DELETIONS and (messages := [act for act in self._own if act.kind == "message"]):
            before = self.random.choice(messages)
            body: dict[str, object] = {"chat": before.chat, "seq": before.seq, "client_id": client_id}
            if dice < REPEATS + EDITS:
                text = f"{self.name} {client_id} edited {self.random.random()}"
                act = Act(
                    order, before.chat, client_id, "edit", "message_edit", {**body, "text": text}, text, before.seq
                )
            else:
                self._own.remove(before)
                body["scope"] = "all"
                act = Act(order, before.chat, client_id, "deletion", "message_delete", body, None, before.seq)
        else:
            chat = self.random.choice(self.chats)
            text = f"{self.name} {client_id} says {self.random.random()}"
            if dice < REPEATS + EDITS + DELETIONS + REACTIONS and self.said[chat]:
                of, emoji = self.random.choice(self.said[chat]), self.random.choice(EMOJI)
                body = {"chat": chat, "seq": of, "emoji": emoji, "client_id": client_id}
                act = Act(order, chat, client_id, "reaction", "reaction_set", body, None, of)
            else:
                body = {"chat": chat, "client_id": client_id, "text": text}
                act = Act(order, chat, client_id, "message", "message_send", body, text)
        self.unanswered[act.chat, client_id] = act
        return act

    async def _ask(self, wire: Wire, act: Act) -> asyncio.Task[None]:
        self.history.note(
            "asked",
            by=self.name,
            account=self.person.account_id,
            chat=act.chat,
            client_id=act.client_id,
            act=act.kind,
            text=digest(act.text),
            of=act.of,
        )
        future = await wire.ask(act.event, act.body)
        return asyncio.create_task(self._hear(wire, act, future), name="answer")

    async def _hear(self, wire: Wire, act: Act, future: "asyncio.Future[dict[str, Any]]") -> None:
        """Wait for an answer, asking again while the server says "try again"."""
        try:
            while not (answer := await future)["ok"]:
                error = answer["error"]
                self._note_answer(act, ok=False, code=error["code"], again=error["retryable"])
                if not error["retryable"]:
                    self.unanswered.pop((act.chat, act.client_id), None)
                    return
                await asyncio.sleep(error.get("retry_after_ms", 200) / 1000)
                future = await wire.ask(act.event, act.body)
            self._acknowledge(act, answer)
        except GONE:
            return  # the next connection sends it again
        finally:
            self._moved.set()

    def _acknowledge(self, act: Act, answer: dict[str, Any]) -> None:
        self.unanswered.pop((act.chat, act.client_id), None)
        entry = answer["message"] if act.kind == "message" else answer["entry"]
        sender = entry["sender"] if act.kind == "message" else entry["account"]
        self._note_answer(act, ok=True, seq=entry["seq"], sender=sender, named=entry["client_id"])
        if act.seq is None:
            act.seq = entry["seq"]
            self.acknowledged += 1
            self._own.append(act)
            if act.kind == "message":
                self.said[act.chat].append(entry["seq"])

    def _note_answer(self, act: Act, **fields: object) -> None:
        self.history.note(
            "answered", by=self.name, account=self.person.account_id, chat=act.chat, client_id=act.client_id, **fields
        )
