"""Clients that write while servers die: each behaves as a good client does, and keeps what it was answered."""

import asyncio
import itertools
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from time import monotonic
from typing import Any

import aiohttp

from benchmarks.servers import Person
from benchmarks.wire import GONE, OPEN_WITHIN_S, Wire, connected

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
    times: int = 0  # that it was sent


@dataclass
class Sender:
    """Keeps `window` messages in the air on one connection; what has no answer when it breaks is sent again, in order."""

    http: aiohttp.ClientSession
    url: str
    person: Person
    chats: Sequence[int]
    random: Random
    window: int = 6
    elsewhere: Sequence[str] = ()  # other URLs that are as good
    # On one connection, about; then it leaves, whatever is in the air, and comes back anywhere.
    stays_s: float = math.inf
    every_s: float = 0.0  # no faster than that
    open_within_s: float = OPEN_WITHIN_S
    sent: list[Sent] = field(default_factory=list)
    unanswered: dict[str, Sent] = field(default_factory=dict)
    changed_answers: list[str] = field(default_factory=list)  # a client id was acknowledged with another seq
    refusals: Counter[str] = field(default_factory=Counter)
    breaks: int = 0
    moves: int = 0
    acknowledged: int = 0
    is_done: bool = False
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    _next_at: float = 0.0
    _moved: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        pause_s = COME_BACK_S
        while not (self.is_done and not self.unanswered):
            try:
                url = self.random.choice([self.url, *self.elsewhere])
                async with connected(self.http, url, self.person.token, within_s=self.open_within_s) as wire:
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
        leaves_at = monotonic() + self.stays_s * (0.5 + self.random.random())
        answering: set[asyncio.Task[None]] = set()
        wire.reader.add_done_callback(lambda _: self._moved.set())
        try:
            for sent in sorted(self.unanswered.values(), key=lambda sent: sent.order):
                answering.add(await self._send(wire, sent))
            while not wire.reader.done() and not (self.is_done and not self.unanswered):
                if monotonic() > leaves_at:
                    self.moves += 1
                    return
                self._moved.clear()
                answering = {task for task in answering if not task.done()}
                has_room = not self.is_done and len(answering) < self.window
                if has_room and monotonic() >= self._next_at:
                    self._next_at = monotonic() + self.every_s
                    answering.add(await self._send(wire, self._next()))
                elif has_room:
                    await asyncio.sleep(self._next_at - monotonic())
                else:
                    async with asyncio.timeout(ANSWER_WITHIN_S):  # wait_for may swallow the end of this task
                        await self._moved.wait()
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
        sent.times += 1
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
                sent.times += 1
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
