"""Measures how soon and how often watchers hear that the people of a killed node are offline: `python -m benchmarks.presence`.

Three nodes; 200 people are on the first, watchers of all of them on the two others. The first node is killed with -9, and for
every watcher and person the time until `offline` is told is measured; goal: within 10 s, one event each. Then everybody
returns, the node is killed again, and all come back elsewhere within the grace of a reconnect; goal: no event at all.
Exit status 1 where an event is missing, late or too many.
"""

import argparse
import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Any

import aiohttp

from benchmarks.servers import Person, Server, ask_rest, sign_in
from benchmarks.site import Site, running_site
from benchmarks.wire import Wire, connected
from server.embedded import throw_away_stores

GOAL_S = 10.0
TOLD_WITHIN_S = 60.0  # then it counts as never told
QUIET_S = 12.0  # longer than a lease, a renewal and a sweep: what is not told by then is told by nobody
AT_ONCE = 20
AGAIN_S = 0.05


@dataclass
class Watching:
    """A connection on `/presence` that remembers what it was told: (number, status, last seen, moment)."""

    person: Person
    wire: Wire | None = None
    told: list[tuple[str, str, str | None, float]] = field(default_factory=list)
    more: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, _: str, body: dict[str, Any]) -> None:
        self.told.append((body["contact"], body["status"], body["last_seen"], monotonic()))
        self.more.set()

    async def watch(self, people: Collection[Person]) -> dict[str, str]:
        """Returns the status of each now; changes are told from now on."""
        assert self.wire is not None, "connected"
        answer = await self.wire.call("presence_watch", {"contacts": [person.number for person in people]})
        assert answer["ok"], answer
        return {shown["contact"]: shown["status"] for shown in answer["presence"]}

    def statuses(self, number: str) -> list[str]:
        """Returns what was told of somebody, in order."""
        return [status for contact, status, *_ in self.told if contact == number]

    async def expect(self, people: Collection[Person], status: str, within_s: float = TOLD_WITHIN_S) -> None:
        """Wait until the last that was told of each of these is this."""
        async with asyncio.timeout(within_s):
            while not all(self.statuses(person.number)[-1:] == [status] for person in people):
                self.more.clear()
                await self.more.wait()


@asynccontextmanager
async def watching(http: aiohttp.ClientSession, server: Server, person: Person) -> AsyncIterator[Watching]:
    """Yields a connection on `/presence` of somebody online at a node."""
    mine = Watching(person)
    wanted = frozenset({"presence"})
    async with connected(http, server.url, person.token, mine.hear, wanted, namespace="/presence") as mine.wire:
        async with asyncio.timeout(TOLD_WITHIN_S):  # a client is told that it is connected before others are
            while not (await mine.wire.call("presence_set", {"status": "online"}))["ok"]:  # noqa: ASYNC110
                await asyncio.sleep(AGAIN_S)
        yield mine


async def arrive(
    stack: AsyncExitStack, http: aiohttp.ClientSession, nodes: Sequence[Server], people: Sequence[Person]
) -> list[Watching]:
    """All of these online, spread over the nodes."""
    there: list[Watching] = []
    for start in range(0, len(people), AT_ONCE):
        comers = enumerate(people[start : start + AT_ONCE])
        entering = [stack.enter_async_context(watching(http, nodes[n % len(nodes)], person)) for n, person in comers]
        there += await asyncio.gather(*entering)
    return there


async def know(http: aiohttp.ClientSession, server: Server, one: Person, people: Collection[Person]) -> None:
    """Make these people contacts of one account, which may therefore watch them."""
    book = [{"contact_id": person.number} for person in people]
    await ask_rest(http, server, one, "/api/contacts/import-contacts/", {"contacts": book})


@dataclass
class Participants:
    """The people of a node that is killed, and their watchers on other nodes."""

    http: aiohttp.ClientSession
    site: Site
    people: Sequence[Person]
    watchers: Sequence[Watching]

    async def kill(self) -> list[float]:
        """Kill the first node; the seconds until each watcher was told of each person."""
        async with AsyncExitStack() as stack:
            await arrive(stack, self.http, self.site.nodes[:1], self.people)
            await self._begin()
            killed_at = monotonic()
            await self.site.first.kill()
            await asyncio.gather(*(watcher.expect(self.people, "offline") for watcher in self.watchers))
            await asyncio.sleep(QUIET_S)
        return [moment - killed_at for watcher in self.watchers for *_, moment in watcher.told]

    async def kill_and_return(self, after_s: float) -> float:
        """Kill the first node, and let everybody come back elsewhere after a while; how long that took."""
        async with AsyncExitStack() as stack:
            await arrive(stack, self.http, self.site.nodes[:1], self.people)
            await self._begin()
            killed_at = monotonic()
            await self.site.first.kill()
            await asyncio.sleep(max(0.0, killed_at + after_s - monotonic()))
            await arrive(stack, self.http, self.site.nodes[1:], self.people)
            took_s = monotonic() - killed_at
            await asyncio.sleep(GOAL_S + QUIET_S)
        return took_s

    async def _begin(self) -> None:
        """Wait until everybody is online to every watcher, and forget what was told before."""
        for watcher in self.watchers:
            seen = await watcher.watch(self.people)
            assert set(seen.values()) == {"online"}, Counter(seen.values())
            watcher.told.clear()

    def count(self) -> Counter[int]:
        """Returns how many packets there were per watcher and person."""
        return Counter(len(watcher.statuses(person.number)) for watcher in self.watchers for person in self.people)


async def run(people: int, watchers: int, rounds: int) -> int:
    """Print the table; 1 if a goal was missed."""
    with tempfile.TemporaryDirectory(prefix="parley-presence-") as folder:
        async with AsyncExitStack() as stack:
            stores = await stack.enter_async_context(throw_away_stores())
            http = await stack.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
            site = await stack.enter_async_context(running_site(Path(folder), stores))
            crowd = [await sign_in(http, site.first, f"493091{n:05d}") for n in range(people)]
            viewers = [await sign_in(http, site.first, f"493092{n:05d}") for n in range(watchers)]
            for viewer in viewers:
                await know(http, site.first, viewer, crowd)
            there = await arrive(stack, http, site.nodes[1:], viewers)
            participants = Participants(http, site, crowd, there)
            return await _rounds(participants, rounds)


async def _rounds(participants: Participants, rounds: int) -> int:
    times: list[float] = []
    counts: Counter[int] = Counter()
    for number in range(1, rounds + 1):
        found = await participants.kill()
        counts += participants.count()
        times += found
        print(f"kill {number}: {len(found)} events, the last after {max(found):.2f} s", flush=True)
        await participants.site.first.start()
    took_s = await participants.kill_and_return(1.0)
    returned = participants.count()
    times.sort()
    watched = len(participants.watchers) * len(participants.people)
    print(
        f"\n{len(participants.people)} people on the killed node, {len(participants.watchers)} watchers on two others, {rounds} kills"
    )
    print(
        f"seconds until told    min {times[0]:.2f}   median {median(times):.2f}   95 % {times[len(times) * 95 // 100]:.2f}"
        f"   max {times[-1]:.2f}   goal {GOAL_S:.0f}"
    )
    print(f"events per watcher and person    {_shown(counts)}   goal 1 each ({watched * rounds})")
    print(
        f"all back within {took_s:.1f} s: events per watcher and person    {_shown(returned)}   goal 0 each ({watched})"
    )
    is_good = times[-1] <= GOAL_S and set(counts) == {1} and set(returned) == {0}
    return 0 if is_good else 1


def _shown(counts: Counter[int]) -> str:
    return ", ".join(f"{count}: {times}" for count, times in sorted(counts.items()))


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser("benchmarks.presence", description="Kill a node and watch its people go offline.")
    parser.add_argument("--people", type=int, default=200, help="on the node that is killed")
    parser.add_argument("--watchers", type=int, default=4, help="on the other nodes, each of all of them")
    parser.add_argument("--rounds", type=int, default=5, help="kills")
    arguments = parser.parse_args(argv)
    return asyncio.run(run(arguments.people, arguments.watchers, arguments.rounds))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
