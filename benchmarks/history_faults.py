"""Strikes a site with faults, in several lanes at once, each in an order that a seed repeats, and notes when each began and ended."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from random import Random

from benchmarks.history import History
from benchmarks.history_site import StruckNode, StruckSite
from benchmarks.replica_set import Member

PAUSES_S = (0.3, 2.0)  # between two faults of a lane

Strike = Callable[["Faults", AsyncExitStack], Awaitable[None]]


@dataclass
class Faults:
    """Strikes a site, in one lane or in several. At most one fault at a time concerns MongoDB, one Redis, and one each node."""

    site: StruckSite
    history: History
    random: Random
    struck: Counter[str] = field(default_factory=Counter)
    _numbers: Iterator[int] = field(default_factory=count)
    _order: Random = field(default_factory=Random)
    _bag: list[str] = field(default_factory=list)
    _lanes: list["Faults"] = field(default_factory=list)
    _mongodb: asyncio.Lock = field(default_factory=asyncio.Lock)
    _redis: asyncio.Lock = field(default_factory=asyncio.Lock)
    _nodes: dict[str, asyncio.Lock] = field(default_factory=dict)

    def lane(self, number: int) -> "Faults":
        """Returns a lane with an order and dice of its own, the same one for a number whenever it is asked for."""
        while len(self._lanes) <= number:
            order, dice = Random(self.random.random()), Random(self.random.random())
            self._lanes.append(replace(self, random=dice, _order=order, _bag=[], _lanes=[]))
        return self._lanes[number]

    def draw(self, kinds: Collection[str]) -> str:
        """Returns the next kind of this lane: each comes once before one comes again, however long the faults last."""
        if not self._bag:
            self._bag = list(kinds)
            self._order.shuffle(self._bag)
        return self._bag.pop()

    async def go_on(self, seconds: float, lanes: int, kinds: Mapping[str, Strike]) -> None:
        """Strike for about so long, in so many lanes at the same time; return when all faults are over."""
        ends = asyncio.get_running_loop().time() + seconds
        async with asyncio.TaskGroup() as group:
            for number in range(lanes):
                group.create_task(self.lane(number).strike_until(ends, kinds), name="lane")

    async def strike_until(self, ends: float, kinds: Mapping[str, Strike]) -> None:
        """Inject one fault after the other until the loop's time is `ends`."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self.random.uniform(*PAUSES_S))
            if loop.time() >= ends:
                return
            await self.strike(self.draw(kinds), kinds)

    async def strike(self, kind: str, kinds: Mapping[str, Strike]) -> None:
        """Inject one fault, and return when it is over."""
        self.struck[kind] += 1
        async with AsyncExitStack() as stack:
            await kinds[kind](self, stack)

    @contextmanager
    def noting(self, kind: str, where: str) -> Iterator[None]:
        """The time for which a fault lasts."""
        number = next(self._numbers)
        self.history.note("fault", id=number, kind=kind, where=where, state="begin")
        try:
            yield
        finally:
            self.history.note("fault", id=number, kind=kind, where=where, state="end")
            self.history.flush()

    @asynccontextmanager
    async def any_node(self) -> AsyncIterator[StruckNode]:
        """A node that no other fault concerns, where there is one."""
        for node in self.site.nodes:
            self._nodes.setdefault(node.server.url, asyncio.Lock())
        free = [node for node in self.site.nodes if not self._nodes[node.server.url].locked()]
        node = self.random.choice(free or list(self.site.nodes))
        async with self._nodes[node.server.url]:
            yield node

    async def hold(self, least: float, most: float) -> None:
        await asyncio.sleep(self.random.uniform(least, most))

    async def mongodb(self, stack: AsyncExitStack) -> Member:
        """Wait for other faults of MongoDB to end. Returns its primary."""
        await stack.enter_async_context(self._mongodb)
        return await self.site.mongodb.primary()

    async def redis(self, stack: AsyncExitStack) -> None:
        """Wait for other faults of Redis to end."""
        await stack.enter_async_context(self._redis)
