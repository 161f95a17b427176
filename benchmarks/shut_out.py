"""Measures how soon revoked and removed clients are disconnected, with the bus and without it: `python -m benchmarks.shut_out`.

Three nodes. A person signs out on the first while sockets of that session are on the two others: the time until they are
closed, and until REST there answers 401. A member is removed from a group on the first while their socket is on the second,
where another member writes without a pause: the time until what the removed one says is refused, and until nothing that is said
arrives. Then the same while Redis holds its breath. Goals: a second with the bus, `nodes.cache_ttl_s` without it.
Exit status 1 where a goal is missed.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Any

import aiohttp

from benchmarks.servers import Person, Server, ask_rest, befriend, holding_breath, make_group, sign_in
from benchmarks.site import running_site
from benchmarks.wire import connected
from server.embedded import EmbeddedStores, throw_away_stores

WITH_BUS_S = 1.0
READY_WITHIN_S = 60.0
POLL_S = 0.02
SLACK_S = 1.0  # for what is under way when the time is up: a look at the database, a message in the air
UNAUTHORIZED = 401

_numbers = count(49_309_300_000)
_client_ids = count()

Times = dict[str, list[float]]


@dataclass
class Groupmates:
    """A group of three: one makes it and removes another, one is removed, one goes on talking."""

    founder: Person
    removed: Person
    speaker: Person
    group: str


@dataclass
class Site:
    """Three nodes; what happens on the first has to reach the others."""

    http: aiohttp.ClientSession
    stores: EmbeddedStores
    nodes: Sequence[Server]
    times: dict[bool, Times] = field(default_factory=lambda: {True: {}, False: {}})

    def took(self, what: str, since: float, *, has_bus: bool) -> None:
        self.times[has_bus].setdefault(what, []).append(monotonic() - since)

    async def new_people(self, how_many: int) -> list[Person]:
        return [await sign_in(self.http, self.nodes[0], str(next(_numbers))) for _ in range(how_many)]

    async def new_group(self) -> Groupmates:
        founder, removed, speaker = await self.new_people(3)
        await befriend(self.http, self.nodes[0], founder, removed, speaker)
        group = await make_group(self.http, self.nodes[0], founder, removed, speaker)
        return Groupmates(founder, removed, speaker, group)

    async def until_ready(self) -> None:
        async with asyncio.timeout(READY_WITHIN_S):
            while not all([await node.is_ready() for node in self.nodes]):  # noqa: ASYNC110
                await asyncio.sleep(POLL_S)


async def sign_out(site: Site, person: Person, turn: asyncio.Barrier, *, has_bus: bool) -> None:
    """End a session on the first node, and wait until the others know."""
    headers = {"Authorization": f"Bearer {person.token}"}

    async def ask(node: Server) -> int:
        async with site.http.get(f"{node.url}/auth/sessions", headers=headers) as answer:
            return answer.status

    async with AsyncExitStack() as stack:
        elsewhere = site.nodes[1:]
        wires = [await stack.enter_async_context(connected(site.http, node.url, person.token)) for node in elsewhere]
        for node in elsewhere:
            assert await ask(node) != UNAUTHORIZED
        await turn.wait()  # everybody is connected
        await turn.wait()  # and the bus is as it is to be
        began = monotonic()
        async with site.http.post(f"{site.nodes[0].url}/auth/logout", headers=headers) as answer:
            answer.raise_for_status()

        async def closed(reader: "asyncio.Task[None] | None") -> None:
            assert reader is not None, "connected"
            await asyncio.wait([reader])
            site.took("a session's socket is closed", began, has_bus=has_bus)

        async def refused(node: Server) -> None:
            while await ask(node) != UNAUTHORIZED:  # noqa: ASYNC110
                await asyncio.sleep(POLL_S)
            site.took("REST answers a session 401", began, has_bus=has_bus)

        await asyncio.gather(*(closed(wire.reader) for wire in wires), *map(refused, elsewhere))


async def remove_member(site: Site, mates: Groupmates, turn: asyncio.Barrier, *, has_bus: bool) -> None:
    """Remove somebody from a group on the first node, and wait until the second neither hears nor tells them."""
    heard_at = 0.0

    def hear(_: str, body: dict[str, Any]) -> None:
        nonlocal heard_at
        if body["message"]["from"] == mates.speaker.number:
            heard_at = monotonic()

    async with AsyncExitStack() as stack:
        connect: Callable[..., Any] = stack.enter_async_context
        url = site.nodes[1].url
        wanted = frozenset({"message_created"})
        removed = await connect(connected(site.http, url, mates.removed.token, hear, wanted))
        speaker = await connect(connected(site.http, url, mates.speaker.token))

        async def say(wire: Any) -> Mapping[str, Any]:
            body = {"group": mates.group, "client_id": f"shut-out-{next(_client_ids)}", "text": "hi"}
            answer: Mapping[str, Any] = await wire.call("message_send", body)
            return answer

        for wire in (removed, speaker):
            assert (await say(wire))["ok"]
        await turn.wait()  # everybody is connected
        await turn.wait()  # and the bus is as it is to be
        path = f"/api/groups/{mates.group}/remove-participant/"
        began = monotonic()
        await ask_rest(site.http, site.nodes[0], mates.founder, path, {"contact": mates.removed.number})
        while (await say(removed))["ok"]:
            assert (await say(speaker))["ok"]
            await asyncio.sleep(POLL_S)
        site.took("a removed member's message is refused", began, has_bus=has_bus)
        quiet_since = monotonic()
        while monotonic() < quiet_since + SLACK_S:
            assert (await say(speaker))["ok"]
            await asyncio.sleep(POLL_S)
        heard = site.times[has_bus].setdefault("a removed member hears nothing", [])
        heard.append(max(0.0, heard_at - began))


@asynccontextmanager
async def without_bus(stores: EmbeddedStores) -> AsyncIterator[None]:
    """Redis holds its breath: it neither answers nor breaks a connection."""
    assert stores.valkey is not None, "the stores are embedded"
    with holding_breath(await stores.valkey.pid()):
        yield


async def play(site: Site, rounds: int, *, has_bus: bool) -> None:
    """Shut out `rounds` people of each kind: one after the other with the bus, all at once without it, as that takes its time."""
    if has_bus:
        alone = asyncio.Barrier(1)
        for _ in range(rounds):
            (person,), mates = await site.new_people(1), await site.new_group()
            await sign_out(site, person, alone, has_bus=True)
            await remove_member(site, mates, alone, has_bus=True)
        return
    people = await site.new_people(rounds)
    groups = [await site.new_group() for _ in range(rounds)]
    turn = asyncio.Barrier(2 * rounds + 1)
    async with asyncio.TaskGroup() as acts:
        going = [acts.create_task(sign_out(site, person, turn, has_bus=False)) for person in people]
        going += [acts.create_task(remove_member(site, mates, turn, has_bus=False)) for mates in groups]
        await turn.wait()
        async with without_bus(site.stores):
            await turn.wait()
            await asyncio.wait(going)
    await site.until_ready()


@asynccontextmanager
async def running(folder: Path, settings: Mapping[str, str]) -> AsyncIterator[Site]:
    """Three nodes over stores of their own."""
    async with AsyncExitStack() as stack:
        stores = await stack.enter_async_context(throw_away_stores())
        nodes = await stack.enter_async_context(running_site(folder, stores, settings=settings))
        http = await stack.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
        yield Site(http, stores, nodes.nodes)


def table(times: Mapping[bool, Times], cache_ttl_s: float) -> str:
    """Returns the result as a table for people."""
    lines = [f"{'':<52}{'goal':>6}{'min':>8}{'median':>8}{'max':>8}   times"]
    for has_bus, goal_s in ((True, WITH_BUS_S), (False, cache_ttl_s)):
        for what, found in times[has_bus].items():
            name = f"{what}, {'with' if has_bus else 'without'} the bus"
            row = "".join(f"{value:>8.2f}" for value in (min(found), median(found), max(found)))
            lines.append(f"{name:<52}{goal_s:>6.0f}{row}{len(found):>8}")
    return "\n".join(lines)


async def run(rounds: int, rounds_without: int, outages: int, cache_ttl_s: float) -> int:
    """Print the table; 1 if a goal was missed."""
    with tempfile.TemporaryDirectory(prefix="parley-shut-out-") as folder:
        async with running(Path(folder), {"PARLEY_NODES__CACHE_TTL_S": str(cache_ttl_s)}) as site:
            await play(site, rounds, has_bus=True)
            for _ in range(outages):
                await play(site, rounds_without, has_bus=False)
    print(f"seconds after it was done on another node; nodes.cache_ttl_s {cache_ttl_s:.0f}")
    print(table(site.times, cache_ttl_s))
    is_good = all(max(found) <= WITH_BUS_S for found in site.times[True].values()) and all(
        max(found) <= cache_ttl_s + SLACK_S for found in site.times[False].values()
    )
    return 0 if is_good else 1


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        "benchmarks.shut_out", description="Shut people out on one node, watch the others."
    )
    parser.add_argument("--rounds", type=int, default=20, help="with the bus")
    parser.add_argument("--rounds-without", type=int, default=5, help="without it, in one outage")
    parser.add_argument("--outages", type=int, default=3, help="one after the other")
    parser.add_argument("--cache-ttl", type=float, default=30, metavar="S", help="nodes.cache_ttl_s")
    arguments = parser.parse_args(argv)
    return asyncio.run(run(arguments.rounds, arguments.rounds_without, arguments.outages, arguments.cache_ttl))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
