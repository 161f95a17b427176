"""Plays a piece of the long fault run: rounds of faults under load, each followed by a rest in which all must be level again.

    python -m benchmarks.faults --minutes 10 --seed 7 --history var/faults.jsonl

Three nodes behind HAProxy, a replica set of three, a Redis. People write by WebSocket and by polling, change and delete and react,
come to groups and are removed from them; others listen, come and go, and watch who is there. All that they ask and are shown goes
to a file of JSON lines, which `benchmarks.check_history` judges. Each piece is appended to the file, so a run is resumed by
giving the same file again, with another seed.
"""

import asyncio
import tempfile
import traceback
from collections.abc import Callable, Collection
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

import aiohttp
from pymongo.errors import PyMongoError

from benchmarks.check_history import Reader, judge
from benchmarks.history import History, digest
from benchmarks.history_faults import Faults
from benchmarks.history_findings import Findings, describe
from benchmarks.history_log import Row
from benchmarks.history_site import running_struck_site
from benchmarks.history_strikes import KINDS
from benchmarks.history_world import HistoryPlan, World
from models.documents.entry import Edit, Entry, Joined, Left, Message, Reaction, SubjectSet
from models.stores.database import open_database
from models.stores.entries import Entries

DATABASE = "parley"  # mongodb.database in config.yaml
SETTLE_WITHIN_S = 150.0  # until everything is acknowledged after the last fault of a round
LEVEL_WITHIN_S = 45.0  # until everybody holds everything after that; who does not by then never will
LEVEL_LEAST_S = 3.0
LOOKS_EVERY_S = 3.0  # at what is written so far, where a run ends with the first broken promise
FAILED = 2  # exit status of a run that broke off and had convicted nobody


@dataclass
class Play:
    """One piece: its rounds, one after the other."""

    world: World
    faults: Faults
    path: Path
    until: Collection[str] | None = None
    began: float = field(default_factory=monotonic)

    async def run(self) -> Findings:
        """Play all rounds, or until the verdicts of `until` are found, any one if it is empty. Returns the findings of the file."""
        plan, world = self.world.plan, self.world
        reader = Reader(self.path)
        async with asyncio.TaskGroup() as people:
            others = [people.create_task(each.run(), name=each.name) for each in world.readers()]
            playing = asyncio.create_task(self._rounds(plan), name="rounds")
            try:
                while not playing.done():
                    await asyncio.wait([playing], timeout=None if self.until is None else LOOKS_EVERY_S)
                    world.history.flush()
                    if self.until is not None and (await asyncio.to_thread(reader.go_on)).convicts(self.until):
                        break
                if playing.done():
                    await playing
            finally:
                for task in (playing, *others):
                    task.cancel()
                await asyncio.gather(playing, return_exceptions=True)
        return await asyncio.to_thread(reader.go_on)

    async def _rounds(self, plan: HistoryPlan) -> None:
        while monotonic() - self.began + plan.round_s / 2 < plan.minutes * 60:
            await self._round()
        await self._write_logs(is_whole=True)
        self.world.history.note("end")
        self.world.history.flush()

    async def _round(self) -> None:
        is_settled = await self._strike()
        await self._rest()
        if not is_settled:  # only now: what is written is judged by what the rest says
            raise TimeoutError(f"not everything was answered {SETTLE_WITHIN_S:.0f} s after the faults")

    async def _strike(self) -> bool:
        """Strike while people write. Returns whether everything was acknowledged in time after that."""
        plan, world = self.world.plan, self.world
        async with asyncio.TaskGroup() as people:
            writing = [people.create_task(writer.run(), name=writer.name) for writer in world.writers]
            meddling = people.create_task(world.meddle(), name="meddler")
            kinds = {kind: KINDS[kind] for kind in plan.kinds} or KINDS
            striking = people.create_task(self.faults.go_on(plan.round_s, plan.lanes, kinds), name="faults")
            await asyncio.sleep(plan.round_s)
            # The last faults go on when nobody writes any more: what is lost in them is shown by no later message.
            meddling.cancel()
            for writer in world.writers:
                writer.finish()
            await striking
            try:
                async with asyncio.timeout(SETTLE_WITHIN_S):
                    await asyncio.gather(*writing)
            except TimeoutError:
                return False
        return True

    async def _rest(self) -> None:
        """Wait until everybody holds everything, or should."""
        world = self.world
        world.history.note("calm")
        calm_at = monotonic()
        await asyncio.sleep(LEVEL_LEAST_S)
        await self._write_logs(is_whole=False)
        while (behind := self._behind()) and monotonic() - calm_at < LEVEL_WITHIN_S:
            await asyncio.sleep(0.5)
            await self._write_logs(is_whole=False)
        world.history.note("rest", behind=behind)
        world.history.flush()
        world.comes_back.set()
        world.comes_back.clear()
        took = monotonic() - self.began
        print(
            f"{took:6.0f} s  {world.acknowledged:7d} acknowledged, level after {monotonic() - calm_at:.1f} s; "
            f"faults so far: {self.faults.struck.total()}" + (f"; behind: {', '.join(behind)}" if behind else ""),
            flush=True,
        )

    def _behind(self) -> list[str]:
        """Returns the names of those who are not back, do not hold everything, or are shown somebody as online who is gone."""
        world = self.world
        late = [listener.name for listener in world.listeners if not listener.is_up]
        late += [
            listener.name
            for listener in world.listeners
            for number, chat in world.chats.items()
            if any(last == float("inf") for _, last in chat.spans(listener.person.account_id))
            and listener.cursors.get(number, 0) < chat.last
        ]
        gone = {each.person.account_id for each in world.present if not each.is_there}
        late += [
            watcher.name
            for watcher in world.watchers
            if any(status == "online" and account in gone for account, status in watcher.shown_as.items())
        ]
        return sorted(set(late))

    async def _write_logs(self, *, is_whole: bool) -> None:
        """Write what MongoDB has of each log: all of it, or what came since the last time."""
        async with asyncio.timeout(SETTLE_WITHIN_S):
            while True:
                try:
                    await self._read_logs(is_whole=is_whole)
                    break
                except PyMongoError:
                    await asyncio.sleep(0.5)

    async def _read_logs(self, *, is_whole: bool) -> None:
        world = self.world
        async with open_database(world.site.mongodb.url, DATABASE) as database:
            entries = Entries(database)
            for number, chat in world.chats.items():
                first = 1 if is_whole else chat.last + 1
                rows = [_row(entry) for entry in await entries.list_range(number, first, 2**31, limit=10**6)]
                if rows or is_whole:
                    world.history.note("log", chat=number, rows=rows, whole=is_whole)
                chat.add({row["seq"]: Row.read(row) for row in rows})


def _row(entry: Entry) -> dict[str, Any]:
    body = entry.body
    row: dict[str, Any] = {"seq": entry.seq, "kind": entry.kind.value, "sender": entry.sender_id}
    row["client_id"] = entry.client_id
    match body:
        case Message() | Edit():
            row["text"] = digest(body.text) if body.text else None
        case Reaction():
            row["text"] = digest(body.emoji) if body.emoji else None
        case SubjectSet():
            row["text"] = digest(body.subject)
        case Joined():
            row["accounts"] = body.accounts
        case Left():
            row["left"] = body.account
        case _:
            pass
    if getattr(body, "of", None) is not None:
        row["of"] = body.of  # type: ignore[union-attr]
    return row


async def run_piece(
    plan: HistoryPlan, seed: int, path: Path, folder: Path | None = None, *, until: Collection[str] | None = None
) -> Findings:
    """Play one piece on a site of its own. Returns what is found in the whole file."""
    random = Random(seed)
    async with AsyncExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="parley-faults-")))
        history = stack.enter_context(History(path))
        began = monotonic()
        site = await stack.enter_async_context(running_struck_site(folder))
        print(f"the site is ready after {monotonic() - began:.0f} s", flush=True)
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        http = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        history.note("piece", seed=seed, minutes=plan.minutes, kinds=list(plan.kinds or KINDS))
        world = World(http, site, plan, random, history)
        await world.settle()
        print(f"everybody is there after {monotonic() - began:.0f} s", flush=True)
        play = Play(world, Faults(site, history, Random(random.random())), path, until)
        return await play.run()


def conclude(path: Path, play: Callable[[], Findings]) -> int:
    """Play a piece and print what is found. Returns the exit status.

    A piece that breaks off is judged by what is written: 1 if that convicts, as for a whole one, else FAILED.
    """
    status = 0
    try:
        findings = play()
    except (Exception, asyncio.CancelledError):  # noqa: BLE001 - whatever it was, it is printed, and the file is judged
        traceback.print_exc()
        status = FAILED
        findings = judge(path) if path.exists() else Findings()
    print(describe(findings), flush=True)
    return status if findings.is_clean else 1
