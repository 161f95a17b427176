"""Connects with the official JavaScript client through HAProxy and nginx: `python -m benchmarks.balanced`.

Three nodes behind each balancer as `deploy/` configures it: every request goes to the next node. For each transport (polling,
WebSocket, and the one upgraded to the other) 1,000 clients connect, 50 at a time, write to a group, wait until they are
answered and hear themselves, and leave; a listener in each group stays and hears all. Exit status 1 unless all of them got in,
no session was unknown, and nothing was lost, doubled or out of order.
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.balancers import balancing_by
from benchmarks.checks import Log, read_history
from benchmarks.npm import install_packages
from benchmarks.servers import Person, Server, befriend, make_group, sign_in
from benchmarks.site import Site, running_site
from server.embedded import EmbeddedStores, throw_away_stores

CLIENTS = Path(__file__).parent / "clients"
BALANCERS = ("haproxy", "nginx")
TRANSPORTS = (("polling",), ("websocket",), ("polling", "websocket"))
UNKNOWN = "Session ID unknown"
PASSED_ON = "parley_passed_on_total"
HEAD = (
    "balancer transports        connects upgrades unknown failures disconnects acknowledged lost doubled out of order"
    " passed on put off resyncs seconds"
)
RUN_WITHIN_S = 600.0  # of one line of the table


@dataclass(frozen=True, slots=True)
class Plan:
    """The number of connects for each balancer and transport, how many at a time, and what each client writes."""

    connects: int = 1000
    at_once: int = 50
    messages: int = 2
    groups: int = 5
    within_s: float = 60.0  # for each single step of a client; a busy machine takes its time


SHORT = Plan(connects=16, at_once=8, groups=2)


@dataclass
class Line:
    """The result for one balancer and one transport."""

    balancer: str
    transports: str
    connects: int = 0
    upgrades: int = 0
    refused: int = 0
    unknown: int = 0
    failures: int = 0
    disconnects: int = 0
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    out_of_order: int = 0
    passed_on: int = 0
    tried_again: int = 0
    resyncs: int = 0
    seconds: float = 0.0
    examples: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        broken = (self.refused, self.unknown, self.failures, self.disconnects, self.lost, self.doubled)
        # Without a request passed on, the balancer was not the one that this is about.
        return not any(broken) and not self.out_of_order and (self.passed_on > 0 or self.transports == "websocket")


@dataclass(frozen=True, slots=True)
class Crowd:
    """The writers, and the listeners of each group by its name."""

    writers: Sequence[tuple[Person, str]]
    listeners: Sequence[tuple[Person, str]]


async def measure(plan: Plan, site: Site, balancer: str, transports: Sequence[str], modules: Path) -> Line:
    """One line of the table."""
    name = "+".join(transports)
    line = Line(balancer, name)
    async with aiohttp.ClientSession() as http:
        crowd = await _gather(http, site.first, plan)
        before, started = await _passed_on(http, site.nodes), monotonic()
        result = await _run(plan, site.url, transports, modules, crowd, f"{balancer} {name}")
        line.seconds = monotonic() - started
        line.passed_on = await _passed_on(http, site.nodes) - before
        readers = _readers(crowd, result)
        logs = await read_history(http, site.first.url, readers)
    _judge(line, plan, result, logs)
    if len(transports) > 1:
        line.upgrades = result["upgrades"]
        line.failures += line.connects - line.upgrades
    return line


async def _gather(http: aiohttp.ClientSession, node: Server, plan: Plan) -> Crowd:
    """New groups for each line, so that each log holds one run's messages alone."""
    writers: list[tuple[Person, str]] = []
    listeners: list[tuple[Person, str]] = []
    people = [await sign_in(http, node, f"4930902{n:04d}") for n in range(plan.at_once + plan.groups)]
    for number in range(plan.groups):
        listener, *members = people[number :: plan.groups]
        await befriend(http, node, listener, *members)
        group = await make_group(http, node, listener, *members)
        listeners.append((listener, group))
        writers += [(member, group) for member in members]
    return Crowd(writers, listeners)


async def _run(
    plan: Plan, url: str, transports: Sequence[str], modules: Path, crowd: Crowd, name: str
) -> dict[str, Any]:
    """Returns what benchmarks/clients/crowd.cjs saw."""
    told = {
        "url": url,
        "transports": transports,
        "connects": plan.connects,
        "messages": plan.messages,
        "run": name,
        "within_ms": int(plan.within_s * 1000),
        "people": [{"token": person.token, "group": group} for person, group in crowd.writers],
        "listeners": [{"token": person.token, "group": group} for person, group in crowd.listeners],
    }
    async with _node(modules) as process, asyncio.timeout(RUN_WITHIN_S):
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(told).encode())
        process.stdin.close()
        async for text in process.stdout:
            said: dict[str, Any] = json.loads(text)
            if "result" in said:
                result: dict[str, Any] = said["result"]
                return result
            print(f"  {name}: {said['connects']} connects", flush=True)
    raise RuntimeError("the clients ended without a result")


@asynccontextmanager
async def _node(modules: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        "node", str(CLIENTS / "crowd.cjs"), env=os.environ | {"NODE_PATH": str(modules)},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=2**26,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _passed_on(http: aiohttp.ClientSession, nodes: Sequence[Server]) -> int:
    """Returns how many requests the nodes have passed on to each other, by their own counts."""
    total = 0.0
    for node in nodes:
        async with http.get(f"{node.url}/metrics", raise_for_status=True) as answer:
            families = text_string_to_metric_families(await answer.text())
        total += sum(sample.value for family in families for sample in family.samples if sample.name == PASSED_ON)
    return int(total)


def _readers(crowd: Crowd, result: Mapping[str, Any]) -> dict[int, Person]:
    """Returns the member who reads each chat in the end: its listener."""
    listener_of = {group: person for person, group in crowd.listeners}
    return {chat: listener_of[group] for chat, _, _, group in result["acknowledged"]}


def _judge(line: Line, plan: Plan, result: Mapping[str, Any], logs: Mapping[int, Log]) -> None:
    """Compare what everybody was told with what there is."""
    told: Counter[str] = Counter(result["failures"]) + Counter(result["disconnects"])
    line.connects = result["connects"]
    line.refused = plan.connects - line.connects
    line.unknown = sum(count for what, count in told.items() if UNKNOWN in what)
    line.failures = Counter(result["failures"]).total()
    line.disconnects = Counter(result["disconnects"]).total()
    line.examples += [f"{count} x {what}" for what, count in told.most_common(10)]

    acknowledged = {(chat, seq): client_id for chat, seq, client_id, _ in result["acknowledged"]}
    line.acknowledged = len(result["acknowledged"])
    line.doubled += line.acknowledged - len(acknowledged)
    stored = {(chat, row[0]): row[2] for chat, log in logs.items() for row in log if row[1] == "message"}
    _compare(line, "history", acknowledged, stored)
    line.doubled += len(stored) - len(set(stored.values()))
    heard = [(chat, seq, client_id) for listener in result["listeners"] for chat, seq, client_id in listener]
    _compare(line, "listeners", acknowledged, {(chat, seq): client_id for chat, seq, client_id in heard})
    line.tried_again, line.resyncs = result["tried_again"], result["resyncs"]
    line.lost += result["not_heard"]
    line.doubled += result["heard_twice"]
    for log in logs.values():
        seqs = [row[0] for row in log]
        line.lost += len(set(range(1, max(seqs, default=0) + 1)) - set(seqs))
    line.out_of_order = _count_overtaken(result["acknowledged"])


def _compare(line: Line, name: str, told: Mapping[tuple[int, int], str], there: Mapping[tuple[int, int], str]) -> None:
    lost = [at for at, client_id in told.items() if there.get(at) != client_id]
    line.lost += len(lost)
    line.examples += [f"{name}: {told[at]} is not at {at}" for at in lost[:3]]


def _count_overtaken(acknowledged: Sequence[tuple[int, int, str, str]]) -> int:
    """Messages that stand before one that their sender wrote earlier; client ids are run-client-number."""
    newest: dict[str, int] = {}
    overtaken = 0
    for _, seq, client_id, _ in acknowledged:
        client = client_id.rpartition("-")[0]
        overtaken += seq < newest.get(client, 0)
        newest[client] = max(seq, newest.get(client, 0))
    return overtaken


def _row(line: Line) -> str:
    return (
        f"{line.balancer:<8} {line.transports:<17} {line.connects:>8} {line.upgrades:>8} {line.unknown:>7} "
        f"{line.failures:>8} {line.disconnects:>11} {line.acknowledged:>12} {line.lost:>4} {line.doubled:>7} "
        f"{line.out_of_order:>12} {line.passed_on:>9} {line.tried_again:>7} "
        f"{line.resyncs:>7} {line.seconds:>7.1f}"
    )


def table(lines: Sequence[Line]) -> str:
    """Returns the result as a table for people."""
    return "\n".join(
        [HEAD, *map(_row, lines), *(f"  {line.balancer}: {example}" for line in lines for example in line.examples)]
    )


async def run(
    plan: Plan,
    stores: EmbeddedStores,
    folder: Path,
    balancers: Sequence[str],
    modules: Path,
    settings: Mapping[str, str] | None = None,
) -> list[Line]:
    """Three nodes behind each balancer in turn, and every transport in turn; LookupError without a balancer's program."""
    lines = []
    async with running_site(folder, stores, settings=settings) as bare:
        for balancer in balancers:
            async with balancing_by(balancer, folder, [node.url for node in bare.nodes]) as url:
                for transports in TRANSPORTS:
                    lines.append(await measure(plan, Site(bare.nodes, url), balancer, transports, modules))
                    print(_row(lines[-1]), flush=True)
    return lines


async def _run_all(plan: Plan, balancers: Sequence[str]) -> list[Line]:
    modules = await install_packages(CLIENTS)
    with tempfile.TemporaryDirectory(prefix="parley-balanced-") as folder:
        async with throw_away_stores() as stores:
            return await run(plan, stores, Path(folder), balancers, modules)


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser("benchmarks.balanced", description="Connect through balancers, and count.")
    parser.add_argument("--short", action="store_true", help="a reduced run")
    parser.add_argument("--connects", type=int, help="for each balancer and transport")
    parser.add_argument("--balancer", choices=BALANCERS, action="append", help="only this one")
    arguments = parser.parse_args(argv)
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise SystemExit("The official client needs Node.js and npm.")
    plan = SHORT if arguments.short else Plan()
    if arguments.connects is not None:
        plan = Plan(**asdict(plan) | {"connects": arguments.connects})
    print(f"{plan}\n{HEAD}", flush=True)
    lines = asyncio.run(_run_all(plan, arguments.balancer or BALANCERS))
    print("\n" + table(lines), flush=True)
    return 0 if all(line.is_clean for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
