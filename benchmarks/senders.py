"""Those who write and those who listen while servers die: each behaves as a good client does, and keeps what it was told."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import aiohttp

from benchmarks.servers import Person
from benchmarks.wire import GONE, Wire, connected

AGAIN_EVERY = 50  # one send in so many repeats an acknowledged one: its answer must be the same
COME_BACK_S, COME_BACK_MAX_S = 0.05, 0.4  # doubling, so that a server that starts is not busy with refusing
ANSWER_WITHIN_S = 30.0


@dataclass(slots=True)
class Sent:
    """One message as its sender remembers it; `seq` once it is acknowledged."""

    chat: int
    client_id: str
    text: str
    order: int  # among all of its sender
    is_refused: bool = False  # at least once, with "try again": then it may stand behind later ones
    seq: int | None = None


@dataclass
class Sender:
    """Keeps `window` messages in the air on one connection; what has no answer when it breaks is sent again, in order."""

    http: aiohttp.ClientSession
    url: str
    person: Person
    chats: Sequence[int]
    random: Random
    window: int = 6
    sent: list[Sent] = field(default_factory=list)
    unanswered: dict[str, Sent] = field(default_factory=dict)
    changed_answers: list[str] = field(default_factory=list)  # a client id was acknowledged with another seq
    refusals: Counter[str] = field(default_factory=Counter)
    breaks: int = 0
    acknowledged: int = 0
    is_done: bool = False
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    _moved: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        pause_s = COME_BACK_S
        while not (self.is_done and not self.unanswered):
            try:
                async with connected(self.http, self.url, self.person.token) as wire:
                    pause_s = COME_BACK_S
                    await self._write(wire)
            except GONE:
                self.breaks += pause_s == COME_BACK_S
                await asyncio.sleep(pause_s * (0.5 + self.random.random()))
                pause_s = min(2 * pause_s, COME_BACK_MAX_S)

    def finish(self) -> None:
        """Write nothing new, and end once everything is acknowledged."""
        self.is_done = True
        self._moved.set()

    async def _write(self, wire: Wire) -> None:
        assert wire.reader is not None
        answering: set[asyncio.Task[None]] = set()
        wire.reader.add_done_callback(lambda _: self._moved.set())
        try:
            for sent in sorted(self.unanswered.values(), key=lambda sent: sent.order):
                answering.add(await self._send(wire, sent))
            while not wire.reader.done() and not (self.is_done and not self.unanswered):
                self._moved.clear()
                answering = {task for task in answering if not task.done()}
                if not self.is_done and len(answering) < self.window:
                    answering.add(await self._send(wire, self._next()))
                else:
                    await asyncio.wait_for(self._moved.wait(), ANSWER_WITHIN_S)
            if wire.reader.done():
                raise ConnectionError("the connection ended")
        finally:
            for task in answering:
                task.cancel()
            await asyncio.gather(*answering, return_exceptions=True)

    def _next(self) -> Sent:
        if self.sent and self.random.randrange(AGAIN_EVERY) == 0:
            again = self.random.choice(self.sent)
            if again.seq is not None:
                return again
        order = next(self._numbers)
        client_id = f"{self.person.account_id}-{order}"
        sent = Sent(self.random.choice(self.chats), client_id, f"{client_id} says {self.random.random()}", order)
        self.sent.append(sent)
        self.unanswered[client_id] = sent
        return sent

    async def _send(self, wire: Wire, sent: Sent) -> asyncio.Task[None]:
        body = {"chat": sent.chat, "client_id": sent.client_id, "text": sent.text}
        future = await wire.ask("message_send", body)
        return asyncio.create_task(self._hear(wire, sent, body, future), name="answer")

    async def _hear(
        self, wire: Wire, sent: Sent, body: dict[str, object], future: "asyncio.Future[dict[str, Any]]"
    ) -> None:
        """Wait for the answer of one message, sending it again while the server says "try again"."""
        try:
            while not (answer := await future)["ok"]:
                error = answer["error"]
                self.refusals[error["code"]] += 1
                if not error["retryable"]:
                    return
                sent.is_refused = True
                await asyncio.sleep(error.get("retry_after_ms", 200) / 1000)
                future = await wire.ask("message_send", body)
            self._acknowledge(sent, answer["message"])
        except GONE:
            return  # the next connection sends it again
        finally:
            self._moved.set()

    def _acknowledge(self, sent: Sent, message: dict[str, Any]) -> None:
        self.unanswered.pop(sent.client_id, None)
        if sent.seq is None:
            sent.seq = message["seq"]
            self.acknowledged += 1
        shown = message["chat"], message["seq"], message["client_id"], message["text"]
        if shown != (sent.chat, sent.seq, sent.client_id, sent.text):
            self.changed_answers.append(f"{sent.client_id}: seq {sent.seq}, then {shown}")


@dataclass
class Listener:
    """A second device: holds the log of its account's chats by syncing when it comes back and by hearing in between."""

    http: aiohttp.ClientSession
    url: str
    person: Person
    logs: dict[int, dict[int, tuple[str, str | None]]] = field(default_factory=dict)  # chat -> seq -> (kind, text)
    cursors: dict[int, int] = field(default_factory=dict)
    syncs: int = 0
    told_twice: int = 0  # the same message told twice on one connection
    is_done: bool = False
    _live: set[tuple[int, int]] = field(default_factory=set)
    _behind: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        wanted = frozenset({"message_created", "chat_changed", "resync"})
        while not self.is_done:
            try:
                self._live.clear()
                async with connected(self.http, self.url, self.person.token, self._hear, wanted) as wire:
                    self._behind.set()
                    assert wire.reader is not None
                    wire.reader.add_done_callback(lambda _: self._behind.set())
                    while not wire.reader.done() and not self.is_done:
                        await self._behind.wait()
                        self._behind.clear()
                        await self._sync(wire)
            except GONE:
                await asyncio.sleep(COME_BACK_MAX_S / 2)

    def finish(self) -> None:
        self.is_done = True
        self._behind.set()

    async def catch_up(self) -> None:
        """One more connection and sync, with nothing going on."""
        async with connected(self.http, self.url, self.person.token) as wire:
            await self._sync(wire)

    async def _sync(self, wire: Wire) -> None:
        while True:
            answer = await asyncio.wait_for(
                wire.call("sync", {"cursors": {str(chat): seq for chat, seq in self.cursors.items()}}), ANSWER_WITHIN_S
            )
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
            self.told_twice += key in self._live
            self._live.add(key)
            self._keep(*key, "message", message.get("text"))
            self._advance(message["chat"])
            if self.cursors.get(message["chat"], 0) < message["seq"]:
                self._behind.set()  # something before it is missing
        else:
            self._behind.set()

    def _keep(self, chat: int, seq: int, kind: str, text: str | None) -> None:
        self.logs.setdefault(chat, {})[seq] = kind, text

    def _advance(self, chat: int) -> None:
        log, cursor = self.logs.get(chat, {}), self.cursors.get(chat, 0)
        while cursor + 1 in log:
            cursor += 1
        self.cursors[chat] = cursor
