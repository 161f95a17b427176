"""Injects faults into servers and stores under load, and counts what was lost.

One node: 32 senders write into 200 chats with several messages in the air each, while `run.py` is killed with -9 at 20 random
moments and `mongod` at 5 others. Three nodes: 64 senders behind HAProxy, who now and then leave with messages in the air and
come back anywhere, while nodes, MongoDB and Redis are killed, paused, emptied and cut off from each other (fault_injector.py), each
with the time until everybody is served again. With --redis-cluster its primaries are killed, paused and taken over from, and slots
move (cluster_faults.py). Whoever writes sends again, under the same client id, what got no answer. In
the end every chat is read by the front door and from MongoDB, and compared with what senders and listeners were told.

With --minutes a site of three nodes over a replica set is struck for so long, several faults at once, and all that people ask and
are shown is written to a file, which a checker of its own judges (history_run.py, check_history.py). With --plant such a run
plays on a copy of this tree with one bug planted, and ends when that is found (planted.py).

Bystanders sync only when they connect or are told to: at the end they must hold everything without being asked again, and
never be behind for longer than a fault excuses. Exit status 1 if anything is lost, doubled, missing, out of order, seen
differently by two people, or missing unknowingly.
"""

import argparse
import asyncio
import json
import secrets
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, replace
from pathlib import Path
from random import Random
from time import monotonic
from typing import TypeVar

import aiohttp

from benchmarks.checks import Log, Verdict, judge, missed, read_history, read_logs
from benchmarks.cluster_faults import ClusterFaultInjector
from benchmarks.fault_injector import FaultInjector, Kind, distribution
from benchmarks.history_run import conclude, run_piece
from benchmarks.history_world import HistoryPlan
from benchmarks.links import Lines, open_lines
from benchmarks.listeners import KNOWS_WITHIN_S
from benchmarks.participants import Participants, gather_participants, set_probes
from benchmarks.plans import NODES, NODES_SHORT, ONE_NODE, ONE_NODE_SHORT, Plan, on_a_cluster
from benchmarks.planted import PLANTED_MINUTES, plant
from benchmarks.redis_cluster import PRIMARIES, running_cluster
from benchmarks.site import Site, running_site
from server.embedded import EmbeddedStores, throw_away_stores

DATABASE = "parley"  # mongodb.database in config.yaml
BALANCED_NODES = 3  # as many as the configurations in deploy/ name
SETTLE_WITHIN_S = 180.0  # after the last fault: mongod's longest restart delay, and all that waits for it
RUN_WITHIN_S = 3600.0  # whatever hangs, it ends
PROGRESS_EVERY_S = 5.0


Outcome = tuple[Verdict, Participants]
T = TypeVar("T")


async def run(plan: Plan, seed: int, balancer: str | None = None, folder: Path | None = None) -> Outcome:
    """One run from nothing to a verdict; what the nodes write stays in `folder`."""
    random = Random(seed)
    async with AsyncExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="parley-faults-")))
        stores = await stack.enter_async_context(throw_away_stores())
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        http = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        site, injector = await stack.enter_async_context(_site_for_faults(folder, stores, plan, balancer, random))
        doors = [site.url] if balancer is not None else [node.url for node in site.nodes]
        if plan.nodes > 1:
            injector.probes = await set_probes(http, site)
        participants = await gather_participants(http, site, doors, plan, injector, random)
        logs = await _play(plan, participants, stores, random)
        history = await read_history(http, site.url, participants.readers)
        return judge(
            logs, history, participants.senders, participants.listeners, participants.control_clients
        ), participants


@asynccontextmanager
async def _site_for_faults(
    folder: Path, stores: EmbeddedStores, plan: Plan, balancer: str | None, random: Random
) -> AsyncIterator[tuple[Site, FaultInjector]]:
    async with AsyncExitStack() as stack:
        lines: list[Lines] = []
        if plan.nodes > 1:
            lines = [await stack.enter_async_context(open_lines(stores)) for _ in range(plan.nodes)]
        cluster = None
        if plan.redis_cluster:
            cluster = await stack.enter_async_context(running_cluster(folder / "redis", replicas=PRIMARIES))
            lines = [replace(each, redis_url=cluster.url) for each in lines]
        site = await stack.enter_async_context(
            running_site(
                folder,
                stores,
                nodes=plan.nodes,
                balancer=balancer,
                stores_of=(lambda n: (lines[n].mongodb_url, lines[n].redis_url)) if lines else None,
            )
        )
        injector = FaultInjector(site.nodes, lines, stores, [], Random(random.random()), plan.held_s)
        if cluster is not None:
            injector = ClusterFaultInjector(
                site.nodes, lines, stores, [], injector.random, plan.held_s, cluster=cluster
            )
        yield site, injector


async def _play(plan: Plan, participants: Participants, stores: EmbeddedStores, random: Random) -> dict[int, Log]:
    """Let them write through all the faults, and then come to rest; what there is in the end."""
    async with asyncio.TaskGroup() as people:
        progress = people.create_task(_keep_saying(participants), name="progress")
        writing = [people.create_task(sender.run(), name="sender") for sender in participants.senders]
        for listener in (*participants.listeners, *participants.control_clients):
            people.create_task(listener.run(), name="listener")
        await asyncio.gather(*(_inject_at_random(random, plan, participants, kinds) for kinds in _lanes(plan, random)))
        async with asyncio.timeout(SETTLE_WITHIN_S):
            for sender in participants.senders:
                sender.finish()
            await asyncio.gather(*writing)
        logs = await read_logs(stores.mongodb_url, DATABASE, sorted(participants.readers))
        await asyncio.sleep(1.0)  # the last announcements
        await _until_known(participants, logs)
        for listener in (*participants.listeners, *participants.control_clients):
            listener.finish()
        progress.cancel()
    for listener in participants.listeners:
        await listener.catch_up()
    participants.say_progress()
    return logs


async def _keep_saying(participants: Participants) -> None:
    while True:
        await asyncio.sleep(PROGRESS_EVERY_S)
        participants.say_progress()


def _lanes(plan: Plan, random: Random) -> list[list[Kind]]:
    """Returns the faults of each lane in their order; lanes go on at the same time, and each kind stays in one of them."""
    lanes: list[list[Kind]] = [[] for _ in range(plan.lanes)]
    for number, (kind, times) in enumerate(plan.faults.items()):
        lanes[number % plan.lanes] += [kind] * times
    for lane in lanes:
        random.shuffle(lane)
    return lanes


async def _inject_at_random(random: Random, plan: Plan, participants: Participants, kinds: Sequence[Kind]) -> None:
    """Inject faults at random moments, the next one not before the site is back from the last and people have written."""
    starts_at = monotonic()
    moments = sorted(random.uniform(0.5, plan.seconds - 0.5) for _ in kinds)
    for number, (moment, kind) in enumerate(zip(moments, kinds, strict=True), start=1):
        await asyncio.sleep(max(random.uniform(0.3, 1.0), starts_at + moment - monotonic()))
        await _until_acknowledged(participants, plan.messages * number // (len(kinds) + 1))
        await participants.injector.inject(kind)
    await asyncio.sleep(max(0.0, starts_at + plan.seconds - monotonic()))
    await _until_acknowledged(participants, plan.messages)


async def _until_acknowledged(participants: Participants, messages: int) -> None:
    async with asyncio.timeout(SETTLE_WITHIN_S):
        while participants.acknowledged < messages:  # noqa: ASYNC110 (a look at a number that all senders move)
            await asyncio.sleep(0.05)


async def _until_known(participants: Participants, logs: dict[int, Log]) -> None:
    """Wait until control clients must have heard of what they missed; what one lacks then, it lacks for good."""
    ends = monotonic() + KNOWS_WITHIN_S
    behind = [
        (control_client, chat) for control_client in participants.control_clients for chat in control_client.chats
    ]
    while monotonic() < ends:
        behind = [(control_client, chat) for control_client, chat in behind if missed(logs[chat], control_client, chat)]
        if not behind:
            break
        await asyncio.sleep(1.0)


def table(verdict: Verdict, participants: Participants) -> str:
    """Returns the result as a table for people."""
    refusals: Counter[str] = Counter()
    for sender in participants.senders:
        refusals.update(sender.refusals)
    rows: dict[str, int] = {}
    if len(participants.injector.nodes) == 1:
        rows = {
            "kill -9 of the server": participants.injected[Kind.NODE_KILL],
            "kill -9 of mongod": participants.injected[Kind.MONGOD_KILL],
        }
    rows |= {
        "broken connections": sum(sender.breaks for sender in participants.senders),
        'answers "try again"': refusals.total(),
        "syncs of listeners": sum(listener.syncs for listener in participants.listeners),
        "acknowledged": verdict.acknowledged,
        "lost": verdict.lost,
        "doubled": verdict.doubled,
        "holes": verdict.holes,
        "out of order": verdict.out_of_order,
        "answered differently": verdict.changed_answers,
        "never acknowledged": verdict.refused_for_good,
        "seen differently": verdict.views_that_differ,
        "told twice": verdict.told_twice,
    }
    lines = []
    if participants.control_clients:
        rows["unknowingly behind"] = verdict.unknowingly_behind
        longest_s = max(control_client.longest_behind_s for control_client in participants.control_clients)
        lines = [
            distribution(participants.injector.outages) + "\n",
            f"{'moves in mid-air':<24}{sum(sender.moves for sender in participants.senders):>8}",
            f"{'syncs of control clients':<24}{sum(control_client.syncs for control_client in participants.control_clients):>8}",
            f"{'a hole lasted at most':<24}{longest_s:>8.1f} s",
        ]
    lines += [f"{name:<24}{value:>8}" for name, value in rows.items()]
    return "\n".join([*lines, *(f"  {example}" for example in verdict.examples)])


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        "benchmarks.faults", description="Strike servers under load and count what was lost."
    )
    parser.add_argument("--nodes", type=int, default=1, help="1, or more over which people spread")
    parser.add_argument(
        "--balancer", choices=["haproxy", "nginx", "none"], help="before three nodes; without one, people choose a node"
    )
    parser.add_argument(
        "--redis-cluster",
        action="store_true",
        help="several nodes on a Redis Cluster, which takes the faults in place of one Redis",
    )
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31), help="repeats the same moments and texts")
    parser.add_argument("--seconds", type=float, help="how long faults are spread over")
    parser.add_argument("--messages", type=int, help="how many are acknowledged at least")
    parser.add_argument(
        "--short", action="store_true", help="a reduced run, of some 15 seconds on one node and 30 on several"
    )
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="leave the logs of the nodes there")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result there too")
    parser.add_argument("--minutes", type=float, help="play a piece of the long run with a history, for so long")
    parser.add_argument("--history", type=Path, metavar="FILE", help="where it is appended (default: a temporary file)")
    parser.add_argument("--kinds", default="", help="of its faults, by their names and with commas (default: all)")
    parser.add_argument("--round-s", type=float, default=45.0, help="of faults before each rest (default: %(default)s)")
    parser.add_argument(
        "--until-convicted",
        nargs="?",
        const="",
        metavar="VERDICTS",
        help="end it at the first broken promise, or when it is convicted of all of these (with commas)",
    )
    parser.add_argument(
        "--plant", metavar="NAME", help="plant this bug of benchmarks/planted in a copy, and look for it"
    )
    arguments = parser.parse_args(argv)
    if arguments.plant is not None:
        found = plant(arguments.plant, minutes=arguments.minutes or PLANTED_MINUTES, seed=arguments.seed)
        print(found.row)
        return 0 if found.is_convicted else 1
    if arguments.minutes is not None:
        return _play_piece(arguments)
    plan = _plan(arguments)
    balancer = _balancer(arguments.balancer, plan.nodes)
    print(f"seed {arguments.seed}, balancer {balancer}: {plan}", flush=True)
    verdict, participants = asyncio.run(_bounded(run(plan, arguments.seed, balancer, arguments.keep)))
    print("\n" + table(verdict, participants), flush=True)
    if arguments.json is not None:
        outages = {kind: [asdict(outage) for outage in found] for kind, found in participants.injector.outages.items()}
        result = {"seed": arguments.seed, **asdict(plan), **asdict(verdict), "outages": outages}
        arguments.json.write_text(json.dumps(result, indent=2))
    return 0 if verdict.is_clean else 1


def _play_piece(arguments: argparse.Namespace) -> int:
    """Play a piece of the long run, and judge its file."""
    kinds = tuple(filter(None, arguments.kinds.split(",")))
    plan = HistoryPlan(minutes=arguments.minutes, kinds=kinds, round_s=arguments.round_s)
    until = None if arguments.until_convicted is None else tuple(filter(None, arguments.until_convicted.split(",")))
    with tempfile.TemporaryDirectory(prefix="parley-history-") as folder:
        path = arguments.history or Path(folder) / "history.jsonl"
        print(f"seed {arguments.seed}, history in {path}", flush=True)
        piece = run_piece(plan, arguments.seed, path, arguments.keep, until=until)
        within_s = arguments.minutes * 60 + RUN_WITHIN_S
        return conclude(path, lambda: asyncio.run(_bounded(piece, within_s=within_s)))


async def _bounded(work: Awaitable[T], within_s: float = RUN_WITHIN_S) -> T:
    """Run with a time limit; child processes end with it, also when it is interrupted."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await asyncio.wait_for(work, within_s)


def _plan(arguments: argparse.Namespace) -> Plan:
    if arguments.nodes > 1:
        plan = replace(NODES_SHORT if arguments.short else NODES, nodes=arguments.nodes)
    else:
        plan = ONE_NODE_SHORT if arguments.short else ONE_NODE
    if arguments.redis_cluster:
        plan = on_a_cluster(plan)
    changes = {name: getattr(arguments, name) for name in ("seconds", "messages")}
    return replace(plan, **{name: value for name, value in changes.items() if value is not None})


def _balancer(wanted: str | None, nodes: int) -> str | None:
    """HAProxy before three nodes, where it is installed and nothing else is said."""
    if wanted is not None:
        return None if wanted == "none" else wanted
    is_there = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin:/sbin")
    return "haproxy" if nodes == BALANCED_NODES and is_there else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
