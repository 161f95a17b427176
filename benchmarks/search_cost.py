"""Measures what the index for search costs a send, in processor time of the node and of MongoDB: `python -m benchmarks.search_cost`.

One node in a process of its own, over a throw-away MongoDB and Redis; Linux only (times are read in /proc). Pairs of people write to each
other in short rounds: in one the node indexes what it stores, in the next it does not, with the same people in other chats, and in
turn which is first. So a busy machine is busy for both. A round ends when all that it stored is indexed. The switch is this
module's own: nobody can run a server without the index.

What differs between two rounds on a busy machine is more than the index costs; so beside the ratio stands the time that the index's own
steps take, which leaves out only what the loop and the driver do between them.

Goal: at most 1.10 times the processor time of the node, the median of all pairs of rounds.
"""

import argparse
import asyncio
import json
import os
import random
import string
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from time import process_time, thread_time
from types import coroutine
from typing import Any, TypeVar, cast
from unittest.mock import patch

import aiohttp
import uvloop
from aiohttp import web
from typing_extensions import override

from benchmarks.child import measured_child
from benchmarks.population import settle
from benchmarks.servers import SECRET
from benchmarks.wire import Wire, connected
from models.documents.entry import Entry
from models.services.search.index import PAUSE_S, SearchIndex
from server.config import Settings
from server.embedded import EmbeddedStores, throw_away_stores
from server.process.gc_tuning import tune_garbage_collector
from server.wiring import build
from server.wiring import search as search_wiring
from server.wiring.services import SERVICES

GOAL = 1.10
WAYS = ("with", "without")
SWITCH, SPENT = "/healthz/index", "/healthz/spent"
INDEXED_WITHIN_S = 60.0
POLL_S = 0.05
WORDS_MOST = 12  # of one message; some seven in the median, as people write
T = TypeVar("T")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
# Of a hundred words: most are ASCII, some have accents or are Cyrillic, a few are Chinese or an emoji.
ALPHABETS = (
    (string.ascii_lowercase, 78, (2, 10)),
    (string.ascii_lowercase + "äöüßéèñç", 10, (2, 10)),
    ("абвгдежзийклмнопрстуфхцчшщыьэюя", 6, (2, 10)),
    ("".join(map(chr, range(0x4E00, 0x4E00 + 2000))), 4, (1, 8)),
    ("👍😀🎉🙏😂", 2, (1, 1)),
)


@dataclass(frozen=True, slots=True)
class Cost:
    """Processor time of one stored message, in microseconds; `index` is what the index's own steps take of the node's."""

    node: float
    index: float
    mongod: float


class SwitchedIndex(SearchIndex):
    """An index that can be told not to index what is stored from then on, and that notes what its work takes of the processor."""

    is_on = True
    own_s = 0.0

    @override
    def stored(self, entries: Iterable[Entry]) -> None:
        if self.is_on:
            super().stored(entries)

    @override
    async def extend(self, ends: Mapping[int, int], *, most: int) -> bool:
        return await self._metered(super().extend(ends, most=most))

    @coroutine
    def _metered(self, work: Coroutine[Any, Any, T]) -> Generator[Any, Any, T]:
        """Run `work` step by step: between two of them the loop does other things."""
        step: Callable[[], Any] = partial(work.send, None)
        while True:
            began = thread_time()
            try:
                waits_for = step()
            except StopIteration as end:
                return cast(T, end.value)
            finally:
                self.own_s += thread_time() - began
            try:
                step = partial(work.send, (yield waits_for))
            except BaseException as error:  # noqa: BLE001 # whatever it is, `work` shall see it
                step = partial(work.throw, error)


async def serve(folder: str, mongodb_url: str, redis_url: str) -> None:
    """Serve a node with two more routes: to switch its index, and to read what it has spent and how many chats wait for the index."""
    settings = Settings(
        data_dir=Path(folder), sms={"provider": "outbox"}, limits={"enabled": False}, auth={"secret": SECRET}
    )
    with patch.object(search_wiring, "SearchIndex", SwitchedIndex):
        app = await build(settings, mongodb_url, redis_url)
    index = app[SERVICES].search.index
    assert isinstance(index, SwitchedIndex)

    async def switch(request: web.Request) -> web.Response:
        index.is_on = request.query["way"] == "with"
        return web.json_response({})

    async def spent(_: web.Request) -> web.Response:
        return web.json_response({"node": process_time(), "index": index.own_s, "waiting": index.depth})

    app.router.add_get(SWITCH, switch)
    app.router.add_get(SPENT, spent)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    tune_garbage_collector()
    print(json.dumps({"port": runner.addresses[0][1]}), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


def texts(seed: int) -> Iterator[str]:
    """Texts without end, in words of which few are frequent and many are rare."""
    choose = random.Random(seed)
    words = [
        "".join(choose.choices(alphabet, k=choose.randint(*lengths)))
        for alphabet, share, lengths in ALPHABETS
        for _ in range(100 * share)
    ]
    choose.shuffle(words)
    weights = [1 / place for place in range(1, len(words) + 1)]
    while True:
        yield " ".join(choose.choices(words, weights, k=choose.randint(1, WORDS_MOST)))


def processor_s(pid: int) -> float:
    """Returns the processor time of a process, as the system counts it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


@dataclass
class Pairs:
    """People who write, on one connection each; each has one chat for each of the ways."""

    http: aiohttp.ClientSession
    url: str
    wires: Sequence[Wire]
    chats: Mapping[str, Sequence[int]]
    texts: Iterator[str]
    numbers: "count[int]"

    async def write(self, way: str, messages: int, in_the_air: int) -> None:
        """Have so many messages stored in the chats of this way."""
        due = iter(range(messages))

        async def send(wire: Wire, chat: int) -> None:
            for _ in due:
                body = {"chat": chat, "client_id": str(next(self.numbers)), "text": next(self.texts)}
                answer = await wire.call("message_send", body)
                assert answer["ok"], answer

        senders = list(zip(self.wires, self.chats[way], strict=True))
        await asyncio.gather(*(send(*senders[n % len(senders)]) for n in range(in_the_air)))

    async def spent(self) -> tuple[float, float]:
        """Wait until nothing waits for the index. Returns the processor times so far of the node and, among it, of its index."""
        async with asyncio.timeout(INDEXED_WITHIN_S):
            while True:
                async with self.http.get(self.url + SPENT) as answer:
                    told = await answer.json()
                if not told["waiting"]:
                    return told["node"], told["index"]
                await asyncio.sleep(POLL_S)

    async def measure(self, way: str, mongod: int, messages: int, in_the_air: int) -> Cost:
        """Returns what a message costs this way."""
        async with self.http.get(self.url + SWITCH, params={"way": way}) as answer:
            answer.raise_for_status()
        before = (*await self.spent(), processor_s(mongod))
        await self.write(way, messages, in_the_air)
        await asyncio.sleep(PAUSE_S)  # both ways, so that what a node does anyway is in both
        after = (*await self.spent(), processor_s(mongod))
        return Cost(*((end - start) / messages * 1e6 for start, end in zip(before, after, strict=True)))


@asynccontextmanager
async def writing_pairs(stores: EmbeddedStores, people: int) -> AsyncIterator[tuple[Pairs, int]]:
    """A node, and people who are connected to it. Yields also the number of MongoDB's process."""
    assert stores.mongod is not None, "the stores are embedded"
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        settled = {way: await settle(stores, Path(folder), people, 2) for way in WAYS}
        command = [sys.executable, "-m", "benchmarks.search_cost", "--serve"]
        command += [folder, stores.mongodb_url, stores.redis_url]
        _, told = await stack.enter_async_context(measured_child(*command))
        url, everybody = f"http://127.0.0.1:{told['port']}", settled["with"].people
        headers = {"Authorization": f"Bearer {everybody[0].token}"}
        http = await stack.enter_async_context(aiohttp.ClientSession(headers=headers))
        wires = [await stack.enter_async_context(connected(http, url, person.token)) for person in everybody]
        chats = {way: [chat for chat, members in each.groups for _ in members] for way, each in settled.items()}
        yield Pairs(http, url, wires, chats, texts(17), count()), await stores.mongod.pid()


async def run(rounds: int, messages: int, people: int, in_the_air: int) -> list[dict[str, Cost]]:
    """Returns the costs of both ways in each round."""
    measured = []
    async with throw_away_stores() as stores, writing_pairs(stores, people) as (pairs, mongod):
        for way in WAYS:
            await pairs.measure(way, mongod, messages // 4, in_the_air)  # what is done once only
        for number in range(rounds):
            order = WAYS if number % 2 else WAYS[::-1]
            costs = {way: await pairs.measure(way, mongod, messages, in_the_air) for way in order}
            measured.append(costs)
            one, other = costs["with"], costs["without"]
            print(
                f"round {number + 1}: {one.node:.1f} to {other.node:.1f} us of the node ({one.node / other.node:.3f}), "
                f"{one.mongod:.1f} to {other.mongod:.1f} us of MongoDB ({one.mongod / other.mongod:.3f})",
                flush=True,
            )
    return measured


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser("benchmarks.search_cost", description="What the index costs a send.")
    parser.add_argument("--rounds", type=int, default=24)
    parser.add_argument("--messages", type=int, default=2_500, help="of each way in each round")
    parser.add_argument("--people", type=int, default=64)
    parser.add_argument("--in-the-air", type=int, default=64)
    parser.add_argument("--serve", nargs=3, metavar=("FOLDER", "MONGODB", "REDIS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    if arguments.serve:
        uvloop.run(serve(*arguments.serve))
        return 0
    measured = uvloop.run(run(arguments.rounds, arguments.messages, arguments.people, arguments.in_the_air))
    print(f"\n{'us for each message':<20}{'with':>10}{'without':>10}{'ratio':>10}")
    ratios = {}
    for name in ("node", "mongod"):
        pairs = [[getattr(costs[way], name) for way in WAYS] for costs in measured]
        ratios[name] = median(one / other for one, other in pairs)
        middle = [median(each) for each in zip(*pairs, strict=True)]
        print(f"{name:<20}{middle[0]:>10.1f}{middle[1]:>10.1f}{ratios[name]:>10.3f}")
    own = [costs["with"] for costs in measured]
    share = median(each.node / (each.node - each.index) for each in own)
    print(f"{'index alone':<20}{median(each.index for each in own):>10.1f}{'':>10}{share:>10.3f}")
    print(f"\nratios: medians of {len(measured)} rounds; goal for the node: at most {GOAL:.2f}")
    return 0 if ratios["node"] <= GOAL else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
