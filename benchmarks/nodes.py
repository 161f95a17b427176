"""Measures what nodes cost each other: what each reads of messages for others, and what two cost more than one.

    python -m benchmarks.nodes

Traffic: four nodes, on each of them people in chats of their own, small and large, that never cross; the same rooms on four
servers of python-socketio over its own Redis manager. Counted is what a node reads from Redis, for each message of the whole
site. Goal: 1 or less. (With python-socketio's manager every node reads everything.)

Cost: one node and two, with the same work on each, in turn; processor time of the nodes for each message. Goal: two nodes
within 15 per cent of one. The machine may be noisy, so rounds alternate and the median of their ratios counts. It is measured
twice: with the same rate offered to each node, and as fast as the one client of this benchmark can write. In the second, each
of two nodes has about half as many messages at a time as the only one, and what comes together costs less: at 1,000 a second
a message costs four times as much as at the rate that fills a core. Measured: 0.89 and 0.90 at the same
rate; as fast as can be 0.97 to 1.22 in nine runs, with a median of 1.08.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from math import inf
from pathlib import Path
from statistics import median
from time import perf_counter

import aiohttp

from benchmarks.child import measured_child
from benchmarks.servers import Person, Server, ask_rest, make_group, sign_in
from benchmarks.site import Site, running_site
from benchmarks.wire import Wire, connected
from server.embedded import EmbeddedStores, throw_away_stores

NODES = 4
LARGE, SMALL = 40, 4  # people of a chat with a channel of its own, and of one without
ROOMS = 4  # of each node, where cost is measured
WINDOW = 8
RATE = 1000.0  # messages a second of each node: what a machine of two cores gives to two of them and their client
GOAL = 1.15
HEARD = "parley_bus_heard_total "
SETTLE_S = 1.0  # after the last message, for what is still on its way to be counted


@dataclass(frozen=True, slots=True)
class Room:
    """A chat and its members, all of them connected to one node."""

    name: str
    wires: Sequence[Wire]

    async def talk(self, each: int, rate: float = inf) -> None:
        """Two of them write, together so many messages a second, with a window of them in the air."""
        await asyncio.gather(*(self._write(n, each // 2, 2 / rate) for n in range(2)))

    async def _write(self, writer: int, count: int, every_s: float) -> None:
        gate, begun = asyncio.Semaphore(WINDOW), perf_counter()

        async def send(n: int) -> None:
            await asyncio.sleep(begun + n * every_s - perf_counter())
            async with gate:
                body = {"group": self.name, "client_id": f"{writer}-{n}-{perf_counter()}", "text": "hello " * 8}
                answer = await self.wires[writer].call("message_send", body)
                if not answer["ok"]:
                    raise SystemExit(f"refused: {answer}")

        await asyncio.gather(*map(send, range(count)))


async def settle_people(
    http: aiohttp.ClientSession, stack: AsyncExitStack, node: Server, number: int, size: int
) -> Room:
    """Make a group of new people, all connected to this node."""
    people: list[Person] = [await sign_in(http, node, f"4930{number:02}{n:05}") for n in range(size)]
    founder, *members = people
    await ask_rest(http, node, founder, "/api/contacts/import-contacts/", _book(members))
    group = await make_group(http, node, *people)
    opened = [await stack.enter_async_context(connected(http, node.url, person.token)) for person in people]
    return Room(group, opened)


def _book(people: Sequence[Person]) -> dict[str, object]:
    return {"contacts": [{"contact_id": person.number} for person in people]}


@asynccontextmanager
async def _client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        yield http


@asynccontextmanager
async def running(stores: EmbeddedStores, count: int) -> AsyncIterator[Site]:
    with tempfile.TemporaryDirectory(prefix="parley-nodes-") as folder:
        async with running_site(Path(folder), stores, nodes=count) as site:
            yield site


async def heard_by_parley(stores: EmbeddedStores, each: int) -> list[int]:
    """Returns what each node read while all of them together stored `each` messages in each of their two chats."""
    async with running(stores, NODES) as site, _client() as http, AsyncExitStack() as stack:
        rooms = [
            await settle_people(http, stack, node, 10 * n + size % 10, size)
            for n, node in enumerate(site.nodes)
            for size in (LARGE, SMALL + 1)
        ]
        await asyncio.sleep(SETTLE_S * 3)  # what comings tell other nodes (presence) is no message
        before = [await _read_heard(http, node) for node in site.nodes]
        await asyncio.gather(*(room.talk(each) for room in rooms))
        await asyncio.sleep(SETTLE_S)
        return [await _read_heard(http, node) - was for node, was in zip(site.nodes, before, strict=True)]


async def _read_heard(http: aiohttp.ClientSession, node: Server) -> int:
    async with http.get(f"{node.url}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    return int(float(next(line.removeprefix(HEARD) for line in lines if line.startswith(HEARD))))


async def heard_by_socketio(stores: EmbeddedStores, each: int) -> list[int]:
    """Returns what four servers of python-socketio with the same rooms read."""
    async with _client() as http, AsyncExitStack() as stack:
        command = (sys.executable, "-m", "benchmarks.rooms", stores.redis_url)
        children = [await stack.enter_async_context(measured_child(*command)) for _ in range(NODES)]
        urls = [f"http://127.0.0.1:{told['port']}" for _, told in children]
        rooms = []
        for n, url in enumerate(urls):
            for size in (LARGE, SMALL + 1):
                name = f"room {n} {size}"
                opened = [await stack.enter_async_context(connected(http, url, name)) for _ in range(size)]
                rooms.append(Room(name, opened))
        await asyncio.sleep(SETTLE_S)
        before = [await _read_rooms(http, url) for url in urls]
        await asyncio.gather(*(room.talk(each) for room in rooms))
        await asyncio.sleep(SETTLE_S)
        return [await _read_rooms(http, url) - was for url, was in zip(urls, before, strict=True)]


async def _read_rooms(http: aiohttp.ClientSession, url: str) -> int:
    async with http.get(f"{url}/heard") as answer:
        heard: int = await answer.json()
        return heard


async def cost_us(stores: EmbeddedStores, nodes: int, each: int, rate: float) -> float:
    """Processor time of the nodes for each message, in microseconds: on each node, four small chats in which two write.

    `rate`: messages a second, on each node.
    """
    async with running(stores, nodes) as site, _client() as http, AsyncExitStack() as stack:
        rooms = [
            await settle_people(http, stack, node, 10 * n + room, SMALL)
            for n, node in enumerate(site.nodes)
            for room in range(ROOMS)
        ]
        await asyncio.gather(*(room.talk(each // 10) for room in rooms))  # caches are filled, code is warm
        await asyncio.sleep(SETTLE_S * 3)
        before = sum(map(_cpu_s, site.nodes))
        await asyncio.gather(*(room.talk(each, rate / ROOMS) for room in rooms))
        await asyncio.sleep(SETTLE_S)
        return (sum(map(_cpu_s, site.nodes)) - before) / (len(rooms) * each) * 1e6


def _cpu_s(node: Server) -> float:
    """User and system time of a process (man 5 proc: fields 14 and 15, counted behind the name)."""
    fields = Path(f"/proc/{node.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def main(rounds: int, each: int) -> None:
    async with throw_away_stores() as stores:
        ours = await heard_by_parley(stores, each)
        theirs = await heard_by_socketio(stores, each)
        sent = NODES * 2 * each
        costs: dict[float, list[tuple[float, float]]] = {RATE: [], inf: []}
        for number in range(rounds):
            order = (1, 2) if number % 2 == 0 else (2, 1)
            for rate, pairs in costs.items():
                by_nodes = {nodes: await cost_us(stores, nodes, each, rate) for nodes in order}
                one, two = by_nodes[1], by_nodes[2]
                pairs.append((one, two))
                print(
                    f"round {number + 1}, {_name(rate)}: one node {one:,.0f}, two {two:,.0f} us a message", flush=True
                )
    print(f"\n| {NODES} nodes, {sent:,} messages in chats that never cross | read by each node | for each message |")
    print("| --- | --- | --- |")
    for name, heard in (("Parley", ours), ("python-socketio's Redis manager", theirs)):
        print(f"| {name} | {', '.join(map(str, heard))} | {sum(heard) / len(heard) / sent:.3f} |")
    print("\n| CPU of the nodes, us a message, on work that does not cross | one node | two nodes | ratio | goal | |")
    print("| --- | --- | --- | --- | --- | --- |")
    for rate, pairs in costs.items():
        each_one, each_two = (", ".join(f"{pair[side]:,.0f}" for pair in pairs) for side in (0, 1))
        ratio = median(two / one for one, two in pairs)
        verdict = "met" if ratio <= GOAL else "missed"
        print(f"| {_name(rate)} | {each_one} | {each_two} | {ratio:.2f} | {GOAL} | {verdict} |")


def _name(rate: float) -> str:
    return "as fast as one client can" if rate == inf else f"{rate:,.0f} a second on each node"


if __name__ == "__main__":
    parser = argparse.ArgumentParser("python -m benchmarks.nodes", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--each", type=int, default=1000, help="messages in each chat")
    options = parser.parse_args()
    asyncio.run(main(options.rounds, options.each))
