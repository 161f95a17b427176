"""`python -m benchmarks`: Parley against Socket.IO on Node, in turn, in one run; one table of median ratios.

The machine may be noisy: a ratio of one run means something, an absolute figure of another day does not.
"""

import argparse
import asyncio
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.loader import Figures, build_loader, load
from benchmarks.servers_under_test import ServerUnderTest, install_node_peer, node_peer, parley
from server.embedded import EmbeddedStores, throw_away_stores

PEOPLE = 1000
_TO = '["message_send",{%s,"client_id":"%%N%%","text":"ts=%%TS%% %%BODY%%"}]'
TO_GROUP, TO_PEER = _TO % '"group":"%3%"', _TO % '"contact":"%2%"'
TYPING = '["typing_start",{"group":"%3%"}]'
NODE_MESSAGE = '["message",{"room":"r%ROOM%","client_id":"%N%","text":"ts=%TS% %BODY%"}]'
NODE_TYPING = '["typing",{"room":"r%ROOM%","text":"ts=%TS%"}]'
OTHERS = "/typing,/presence,/receipts,/events"


@dataclass(frozen=True, slots=True)
class Work:
    """One line of the table: what both sides are asked, which figure counts, and the goal against Node."""

    name: str
    figure: Callable[[Figures], float]
    is_more_better: bool
    goal: float
    shape: tuple[str, ...]
    node: tuple[str, ...]
    parley: tuple[str, ...]
    is_stored: bool = True

    @property
    def profile(self) -> str:
        """Print where to read on about where the time goes, if that has been looked at."""
        is_waves = self.figure in (_deliveries, _p99)
        return ", profile in server/sockets/broadcast.py" if is_waves else ""


def _works(seconds: int) -> list[Work]:
    group = ("-c", str(PEOPLE), "-r", "1", "-P", "1", "-w", "8", "-d", str(seconds))
    pairs = ("-c", "200", "-r", "100", "-P", "2", "-d", str(seconds))
    idle = ("-c", "2000", "-r", "1", "-i", "-d", "2")
    node, to_group, to_peer = ("-s", NODE_MESSAGE), ("-s", TO_GROUP), ("-s", TO_PEER)
    typing_node, typing = ("-s", NODE_TYPING), ("-n", "/typing", "-s", TYPING, "-M", '"typing"')
    return [
        Work("group of 1000, window 8, stored: deliveries/s", _deliveries, True, 5, group, node, to_group),
        Work("the same: p99 from send to delivery, ms", _p99, False, 1 / 3, group, node, to_group),
        Work("100 pairs, both send, window 8, stored: acks/s", _acks, True, 8, (*pairs, "-w", "8"), node, to_peer),
        Work("typing in a group of 1000: deliveries/s", _deliveries, True, 3, group, typing_node, typing, False),
        Work("100 pairs, window 1, stored: p50 to ack, ms", _p50, False, 1, (*pairs, "-w", "1"), node, to_peer),
        Work("memory per idle connection, /chat, kB", _memory, False, 1 / 3, idle, (), (), False),
        Work("memory, five namespaces against one, kB", _memory, False, 2 / 3, idle, (), ("-N", OTHERS), False),
        Work("server CPU per connect, token checked, us", _connect, False, 0.6, idle, (), (), False),
    ]


def _deliveries(figures: Figures) -> float:
    return figures.deliveries_per_s


def _acks(figures: Figures) -> float:
    return figures.acks_per_s


def _p99(figures: Figures) -> float:
    return figures.p99_ms


def _p50(figures: Figures) -> float:
    return figures.ack_p50_ms


def _memory(figures: Figures) -> float:
    return figures.kb_per_conn


def _connect(figures: Figures) -> float:
    return figures.connect_cpu_us


@asynccontextmanager
async def _fresh(stores: EmbeddedStores, work: Work, peer: Path | None) -> AsyncIterator[ServerUnderTest]:
    if peer is not None:
        async with node_peer(peer, stores, is_storing=work.is_stored) as server:
            yield server
    else:
        async with parley(stores, PEOPLE) as server:
            yield server


async def _measure(program: Path, stores: EmbeddedStores, work: Work, peer: Path | None) -> float:
    async with _fresh(stores, work, peer) as server:
        if peer is not None:
            arguments = [*work.shape, *work.node]
        else:
            arguments = [*work.shape, "-n", "/chat", "-a", '{"token":"%1%"}', "-j", "", "-A", str(server.lines)]
            arguments += work.parley
        figures = await load(program, server.port, server.pid, *arguments)
        if figures.failed or (figures.nacks and not math.isnan(figures.nacks)):
            print(f"  {figures.failed} connections failed, {figures.nacks} requests were refused")
        return work.figure(figures)


async def main(rounds: int, seconds: int, only: str) -> None:
    program, peer = build_loader(), install_node_peer()
    works = [work for work in _works(seconds) if only in work.name]
    results: dict[str, list[tuple[float, float]]] = {work.name: [] for work in works}
    for number in range(1, rounds + 1):
        for work in works:
            async with throw_away_stores() as stores:
                node = await _measure(program, stores, work, peer)
            async with throw_away_stores() as stores:
                ours = await _measure(program, stores, work, None)
            results[work.name].append((node, ours))
            print(f"round {number}: {work.name}: Node {node:,.1f}, Parley {ours:,.1f}", flush=True)
    print(f"\n| work | Node | Parley | ratio | goal | |\n|{' --- |' * 6}")
    for work in works:
        pairs = results[work.name]
        ratio = median(ours / node for node, ours in pairs)
        is_met = ratio >= work.goal if work.is_more_better else ratio <= work.goal
        verdict = "met" if is_met else f"missed{work.profile}"
        theirs, own = (", ".join(f"{pair[side]:,.1f}" for pair in pairs) for side in (0, 1))
        print(f"| {work.name} | {theirs} | {own} | {ratio:.2f} | {work.goal:.2f} | {verdict} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--only", default="", help="works whose name has this in it")
    options = parser.parse_args()
    asyncio.run(main(options.rounds, options.seconds, options.only))
