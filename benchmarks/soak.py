"""Keeps a site under steady load without any fault, and prints what grows: memory, files, and what the stores hold.

    python -m benchmarks.soak --minutes 60

The site and its people are those of the long fault run (history_run.py). Every ten seconds each figure is read; its slope is that of
a straight line through the second half of the run, when caches are full and pools are open. What is stored grows with what
is sent, so it is told for each thousand acts. Exit status 1 if the memory or the files of a node go on growing: by more than
`GROWTH_MAX` of what they are in an hour, and in the last quarter as well.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import monotonic

import aiohttp
from redis.asyncio import Redis

from benchmarks.history import History
from benchmarks.history_site import StruckNode, StruckSite, running_struck_site
from benchmarks.history_world import HistoryPlan, World
from models.stores.database import open_database

EVERY_S = 10.0
GROWTH_MAX = 0.10
DATABASE = "parley"
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
HOUR_S = 3600.0


@dataclass
class Samples:
    """Figures by name, each as (seconds, value)."""

    of: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, at: float, figures: Mapping[str, float]) -> None:
        for name, value in figures.items():
            self.of[name].append((at, value))

    def growing(self) -> list[str]:
        """Returns the figures of nodes that do not level off."""
        return [name for name, points in self.of.items() if name.startswith("node") and is_growing(points)]

    def table(self) -> str:
        lines = ["| figure | first | last | slope an hour |", "| --- | --- | --- | --- |"]
        for name, points in self.of.items():
            slope_an_hour = slope(second_half(points)) * HOUR_S
            lines.append(f"| {name} | {points[0][1]:,.1f} | {points[-1][1]:,.1f} | {slope_an_hour:+,.1f} |")
        return "\n".join(lines)


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Returns the slope of the straight line that is nearest to these points; 0 for fewer than two."""
    if len(points) < 2:
        return 0.0
    middle = sum(at for at, _ in points) / len(points)
    level = sum(value for _, value in points) / len(points)
    spread = sum((at - middle) ** 2 for at, _ in points)
    return sum((at - middle) * (value - level) for at, value in points) / spread if spread else 0.0


def second_half(points: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    return points[len(points) // 2 :]


def is_growing(points: Sequence[tuple[float, float]]) -> bool:
    """Returns whether a figure goes on growing in the second half of the run, and in its last quarter."""
    for part in (second_half(points), second_half(second_half(points))):
        if not part or slope(part) * HOUR_S <= GROWTH_MAX * part[0][1]:
            return False
    return True


def _of_node(name: str, node: StruckNode) -> dict[str, float]:
    pid = node.server.pid
    resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES
    return {f"{name} MB": resident / 2**20, f"{name} files": float(len(list(Path(f"/proc/{pid}/fd").iterdir())))}


async def _of_stores(site: StruckSite) -> dict[str, float]:
    async with open_database(site.mongodb.url, DATABASE) as database:
        sizes = await database.raw.command("dbStats")
    async with Redis.from_url(site.stores.redis_url) as redis:
        memory = await redis.info("memory")
    return {
        "MongoDB data MB": sizes["dataSize"] / 2**20,
        "MongoDB index MB": sizes["indexSize"] / 2**20,
        "Redis MB": memory["used_memory"] / 2**20,
    }


async def run(minutes: float, seed: int) -> Samples:
    """Returns the figures of a whole run."""
    random, samples = Random(seed), Samples()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="parley-soak-")))
        history = stack.enter_context(History(Path(os.devnull)))
        site = await stack.enter_async_context(running_struck_site(folder))
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        http = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        world = World(http, site, HistoryPlan(), random, history)
        await world.settle()
        began = monotonic()
        async with asyncio.TaskGroup() as people:
            tasks = [people.create_task(each.run(), name=each.name) for each in (*world.readers(), *world.writers)]
            tasks.append(people.create_task(world.meddle(), name="meddler"))
            while monotonic() - began < minutes * 60:
                await asyncio.sleep(EVERY_S)
                world.comes_back.set()
                world.comes_back.clear()
                figures = await _of_stores(site)
                for n, node in enumerate(site.nodes, start=1):
                    figures |= _of_node(f"node {n}", node)
                samples.add(monotonic() - began, figures | {"acts": float(world.acknowledged)})
            for task in tasks:
                task.cancel()
    return samples


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser("benchmarks.soak", description="Look for what grows under steady load.")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args(argv)
    samples = asyncio.run(run(arguments.minutes, arguments.seed))
    print(samples.table())
    growing = samples.growing()
    print(f"growing: {', '.join(growing) or 'nothing'}")
    return 1 if growing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
