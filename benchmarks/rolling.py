"""Restarts every node of a site in turn under a crowd, and measures what the crowd notices: `python -m benchmarks.rolling`.

Three nodes behind HAProxy; 2,000 clients, each in a group of 25 people and in one of all; a member of each group writes all
the time under client ids, and sends again what got no answer. Each node is told to stop (SIGTERM), started again when it is
gone, and the next one waits until everybody is level again. A gap lasts from the end of a client's line until it is connected
elsewhere, greeted, and has all that it missed. In the end what everybody holds, as it is, is compared with MongoDB.
Exit status 1 if anything is lost, doubled, out of order, or not there.
"""

import argparse
import asyncio
import json
import secrets
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

import aiohttp
import uvloop
from typing_extensions import override

from benchmarks.checks import Log, Verdict, judge, read_history, read_logs
from benchmarks.listeners import Listener
from benchmarks.population import Population, settle
from benchmarks.senders import Sender, Sent
from benchmarks.servers import Server
from benchmarks.site import running_site
from benchmarks.wire import GONE, Refused, Wire, connected
from models.stores.database import Database, open_database
from server.embedded import throw_away_stores

DATABASE = "parley"  # mongodb.database in config.yaml
FIRST_WAIT_S, LONGEST_WAIT_S = 0.4, 15.0  # as our web client comes back (static/js/connection.js)
OPEN_WITHIN_S = 60.0
LEVEL_WITHIN_S = 180.0
BALANCER_SEES_S = 2.5  # that a node is ready again
LOOK_EVERY_S = 0.1
WANTED = frozenset({"ready", "message_created", "chat_changed", "resync"})
READS = ("find", "aggregate", "getMore", "count", "distinct")


@dataclass(frozen=True, slots=True)
class Plan:
    """The numbers of people, devices and writers, and how often each writer writes."""

    people: int = 1000
    devices: int = 2  # of each person
    group_size: int = 25
    pause_s: float = 4.0
    one_in_to_all: int = 40  # messages that go to the group of all
    calm_s: float = 5.0  # before the first restart, to see what writing alone costs


SHORT = Plan(people=30, group_size=10, pause_s=0.1, one_in_to_all=10, calm_s=0.5)


@dataclass
class Client(Listener):
    """A device that obeys `retry_after_ms`, and notes for how long it was behind."""

    random: Random = field(default_factory=Random)
    gaps: list[float] = field(default_factory=list)  # seconds
    put_off: int = 0
    level_at: float = 0.0
    lost_at: float | None = None
    is_level: bool = False
    _ready: asyncio.Event = field(default_factory=asyncio.Event)

    @override
    async def run(self) -> None:
        tries = 0
        while not self.is_done:
            try:
                async with connected(
                    self.http, self.url, self.person.token, self._hear, WANTED, within_s=OPEN_WITHIN_S
                ) as wire:
                    tries = 0
                    await self._stay(wire)
            except Refused as refusal:
                self.put_off += 1
                await asyncio.sleep(refusal.data.get("retry_after_ms", 1000) / 1000)
                continue
            except GONE:
                pass
            wait_s = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**tries) * (0.5 + self.random.random() / 2)
            tries += 1
            if not self.is_done:
                await asyncio.sleep(wait_s)

    async def _stay(self, wire: Wire) -> None:
        assert wire.reader is not None
        wire.reader.add_done_callback(self._lose)
        self._live.clear()
        await asyncio.wait_for(self._ready.wait(), OPEN_WITHIN_S)
        self._behind.set()
        while not wire.reader.done() and not self.is_done:
            await self._behind.wait()
            self._behind.clear()
            if not wire.reader.done():
                await self._sync(wire)
                self._note_level()

    def _note_level(self) -> None:
        if self.is_level:
            return
        self.is_level, self.level_at = True, monotonic()
        if self.lost_at is not None:
            self.gaps.append(self.level_at - self.lost_at)
            self.lost_at = None

    def _lose(self, _: "asyncio.Task[None]") -> None:
        self._ready.clear()
        self.is_level = False
        self.lost_at = self.lost_at or monotonic()
        self._behind.set()

    @override
    def _hear(self, name: str, body: dict[str, Any]) -> None:
        if name == "ready":
            self._ready.set()
        else:
            super()._hear(name, body)


@dataclass
class Writer(Sender):
    """One message at a time, with a pause behind each."""

    window: int = 1
    open_within_s: float = OPEN_WITHIN_S
    pause_s: float = 1.0

    @override
    async def _hear(
        self, wire: Wire, sent: Sent, body: dict[str, object], future: "asyncio.Future[dict[str, Any]]"
    ) -> None:
        await super()._hear(wire, sent, body, future)
        await asyncio.sleep(self.pause_s * (0.5 + self.random.random()))
        self._moved.set()


@dataclass(frozen=True, slots=True)
class Restart:
    """The effects of one restart on the crowd."""

    returned: int  # clients whose line ended
    gone_s: float  # from SIGTERM until the process had ended
    level_s: float  # from SIGTERM until the last one was level
    gaps: Sequence[float]
    reads: float  # of MongoDB in that time, less what writing alone costs
    put_off: int


@dataclass
class Participants:
    clients: Sequence[Client]
    writers: Sequence[Writer]
    database: Database
    calm_reads_per_s: float = 0.0

    async def reads(self) -> int:
        """Commands that read, since MongoDB started."""
        status = await self.database.raw.client.admin.command("serverStatus")
        return sum(int(status["metrics"]["commands"].get(name, {}).get("total", 0)) for name in READS)

    async def until_level(self) -> float:
        """Wait until everybody is; since when."""
        async with asyncio.timeout(LEVEL_WITHIN_S):
            while not all(client.is_level for client in self.clients):  # noqa: ASYNC110 (thousands move it)
                await asyncio.sleep(LOOK_EVERY_S)
        return max(client.level_at for client in self.clients)


async def run(plan: Plan, seed: int) -> tuple[Verdict, list[Restart]]:
    """One run from nothing to a verdict."""
    random = Random(seed)
    with tempfile.TemporaryDirectory(prefix="parley-rolling-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        async with throw_away_stores() as stores, aiohttp.ClientSession(connector=connector) as http:
            population = await settle(stores, folder / "population", plan.people, plan.group_size)
            async with (
                running_site(folder, stores, nodes=3, balancer="haproxy") as site,
                open_database(stores.mongodb_url, DATABASE) as database,
            ):
                participants = _gather_clients(http, site.url, population, plan, random, database)
                async with asyncio.TaskGroup() as everybody:
                    restarts = await _play(plan, participants, site.nodes, everybody)
                    logs = await read_logs(stores.mongodb_url, DATABASE, population.chats)
                    await _until_heard(participants, logs)
                    for client in participants.clients:
                        client.finish()
                readers = {population.everybody: population.people[-1]} | {
                    chat: members[-1] for chat, members in population.groups
                }
                history = await read_history(http, site.url, readers)
            return judge(logs, history, participants.writers, participants.clients), restarts


def _gather_clients(
    http: aiohttp.ClientSession, url: str, population: Population, plan: Plan, random: Random, database: Database
) -> Participants:
    clients = [
        Client(http, url, person, random=Random(random.random()))
        for person in population.people
        for _ in range(plan.devices)
    ]
    writers = []
    for chat, members in population.groups:
        chats = [population.everybody, *[chat] * (plan.one_in_to_all - 1)]
        writers.append(Writer(http, url, members[0], chats, Random(random.random()), pause_s=plan.pause_s))
    return Participants(clients, writers, database)


async def _play(
    plan: Plan, participants: Participants, nodes: Sequence[Server], everybody: asyncio.TaskGroup
) -> list[Restart]:
    started = monotonic()
    for client in participants.clients:
        everybody.create_task(client.run())
    level_s = await participants.until_level() - started
    print(f"{len(participants.clients)} clients, all level {level_s:.1f} s after the first came", flush=True)
    writing = [everybody.create_task(writer.run()) for writer in participants.writers]
    await _until_acknowledged(participants)
    before = await participants.reads()
    await asyncio.sleep(plan.calm_s)
    participants.calm_reads_per_s = (await participants.reads() - before) / plan.calm_s
    restarts = []
    for number, node in enumerate(nodes, start=1):
        restarts.append(await _restart(participants, node))
        print(f"node {number}: {_told(restarts[-1])}", flush=True)
        await asyncio.sleep(BALANCER_SEES_S)
    for writer in participants.writers:
        writer.finish()
    await asyncio.gather(*writing)
    return restarts


async def _until_acknowledged(participants: Participants) -> None:
    async with asyncio.timeout(LEVEL_WITHIN_S):
        while not all(writer.acknowledged for writer in participants.writers):  # noqa: ASYNC110 (a look at many numbers)
            await asyncio.sleep(LOOK_EVERY_S)


async def _restart(participants: Participants, node: Server) -> Restart:
    known = [len(client.gaps) for client in participants.clients]
    put_off = sum(client.put_off for client in participants.clients)
    before, started = await participants.reads(), monotonic()
    await node.stop()
    gone_s = monotonic() - started
    await asyncio.sleep(LOOK_EVERY_S)  # the balancer hands the last ends of lines on
    level_at = max(started, await participants.until_level())
    reads = await participants.reads() - before - participants.calm_reads_per_s * (monotonic() - started)
    await node.start()
    await participants.until_level()
    gaps = [gap for client, count in zip(participants.clients, known, strict=True) for gap in client.gaps[count:]]
    put_off = sum(client.put_off for client in participants.clients) - put_off
    return Restart(len(gaps), gone_s, level_at - started, sorted(gaps), reads, put_off)


async def _until_heard(participants: Participants, logs: dict[int, Log]) -> None:
    """Give the last announcements their time; nobody is asked to sync for it, and who is behind stays so."""
    ends = {chat: log[-1][0] for chat, log in logs.items()}

    def is_there(client: Client) -> bool:
        return all(cursor >= ends[chat] for chat, cursor in client.cursors.items())

    until = monotonic() + 30.0
    while monotonic() < until and not all(map(is_there, participants.clients)):  # noqa: ASYNC110 (the same)
        await asyncio.sleep(LOOK_EVERY_S)


def _told(restart: Restart) -> str:
    gaps = restart.gaps or [0.0]
    middle, most = gaps[len(gaps) // 2], gaps[min(len(gaps) - 1, len(gaps) * 99 // 100)]
    reads = max(0.0, restart.reads) / max(1, restart.returned)
    return (
        f"gone after {restart.gone_s:.1f} s, {restart.returned} clients came back, all level after {restart.level_s:.1f} s; "
        f"gaps: median {middle:.2f} s, p99 {most:.2f} s, longest {gaps[-1]:.2f} s; "
        f"{reads:.2f} MongoDB reads per client; {restart.put_off} told to come later"
    )


def table(verdict: Verdict, restarts: Sequence[Restart]) -> str:
    """Returns the result as a table for people."""
    gaps = sorted(gap for restart in restarts for gap in restart.gaps) or [0.0]
    returned = sum(restart.returned for restart in restarts)
    rows: dict[str, str | int] = {
        "acknowledged": verdict.acknowledged,
        "lost": verdict.lost + verdict.refused_for_good,
        "doubled": verdict.doubled + verdict.told_twice + verdict.changed_answers,
        "holes": verdict.holes,
        "out of order": verdict.out_of_order,
        "unknowingly behind": verdict.views_that_differ,
        "lines that ended": returned,
        "gap, median": f"{gaps[len(gaps) // 2]:.2f} s",
        "gap, p99": f"{gaps[min(len(gaps) - 1, len(gaps) * 99 // 100)]:.2f} s",
        "gap, longest": f"{gaps[-1]:.2f} s",
        "all caught up, slowest": f"{max(restart.level_s for restart in restarts):.1f} s",
        "MongoDB reads per client": f"{sum(max(0.0, each.reads) for each in restarts) / max(1, returned):.2f}",
    }
    lines = [f"{name:<26}{value:>10}" for name, value in rows.items()]
    return "\n".join([*lines, *(f"  {example}" for example in verdict.examples)])


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser("benchmarks.rolling", description="Restart every node of a site under a crowd.")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31), help="repeats the same texts and pauses")
    parser.add_argument("--short", action="store_true", help="60 clients instead of 2,000")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result there too")
    arguments = parser.parse_args(argv)
    plan = SHORT if arguments.short else Plan()
    print(f"seed {arguments.seed}: {plan}", flush=True)
    verdict, restarts = uvloop.run(run(plan, arguments.seed))
    print("\n" + table(verdict, restarts), flush=True)
    if arguments.json is not None:
        told = {**asdict(plan), **asdict(verdict), "restarts": [asdict(restart) for restart in restarts]}
        arguments.json.write_text(json.dumps({"seed": arguments.seed, **told}, indent=2))
    return 0 if verdict.is_clean else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
