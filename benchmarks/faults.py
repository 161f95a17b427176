"""Kill servers and databases under load, and count what was lost: `python -m benchmarks.faults`.

32 senders write into 200 chats with several messages in the air each, while `run.py` is killed with -9 at 20 random moments
and `mongod` at 5 others. Whoever writes sends again, under the same client id, what got no answer. In the end every chat is
read by the front door and from MongoDB, and compared with what senders and listeners were told. Exit status 1 if anything
is lost, doubled, missing, out of order, or seen differently by two people.
"""

import argparse
import asyncio
import json
import secrets
import sys
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from time import monotonic

import aiohttp

from benchmarks.checks import Verdict, judge, read_history, read_logs
from benchmarks.senders import Listener, Sender
from benchmarks.servers import Person, Server, befriend, kill_mongod, make_group, running_server, sign_in
from benchmarks.wire import Wire, connected
from server.embedded import EmbeddedStores, throw_away_stores

DATABASE = "parley"  # mongodb.database in config.yaml
GROUP_SIZE = 8
SETTLE_WITHIN_S = 90.0  # after the last kill: mongod's longest restart delay, and all that waits for it
PROGRESS_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is written and how often what is killed."""

    seconds: float = 100.0
    messages: int = 21_000  # acknowledged at least, and in like parts between the kills: a busy machine takes longer
    senders: int = 32
    direct_chats: int = 160
    groups: int = 40
    listeners: int = 6
    server_kills: int = 20
    mongod_kills: int = 5


SHORT = Plan(
    seconds=9.0, messages=1000, senders=10, direct_chats=20, groups=4, listeners=3, server_kills=3, mongod_kills=1
)


@dataclass
class Scene:
    """Everybody who takes part, and what happened to them so far."""

    senders: Sequence[Sender]
    listeners: Sequence[Listener]
    readers: dict[int, Person]  # chat -> one of its members
    kills: Counter[str]
    started_at: float

    @property
    def acknowledged(self) -> int:
        return sum(sender.acknowledged for sender in self.senders)

    def say_progress(self) -> None:
        unanswered = sum(len(sender.unanswered) for sender in self.senders)
        print(
            f"{monotonic() - self.started_at:6.1f} s  {self.acknowledged:7d} acknowledged, {unanswered:4d} in the air, "
            f"killed: server {self.kills['server']}, mongod {self.kills['mongod']}",
            flush=True,
        )


async def run(plan: Plan, seed: int) -> tuple[Verdict, Scene]:
    """One run from nothing to a verdict."""
    random = Random(seed)
    with tempfile.TemporaryDirectory(prefix="parley-faults-") as folder:
        async with throw_away_stores() as stores, aiohttp.ClientSession(connector=_unlimited()) as http:
            server = Server(Path(folder) / "node", stores.mongodb_url, stores.redis_url)
            async with running_server(server):
                scene = await _set_the_scene(http, server, plan, random)
                await _play(plan, scene, server, stores, random)
                logs = await read_logs(stores.mongodb_url, DATABASE, sorted(scene.readers))
                history = await read_history(http, server.url, scene.readers)
            return judge(logs, history, scene.senders, scene.listeners), scene


def _unlimited() -> aiohttp.TCPConnector:
    return aiohttp.TCPConnector(limit=0, force_close=True)


async def _set_the_scene(http: aiohttp.ClientSession, server: Server, plan: Plan, random: Random) -> Scene:
    people = [await sign_in(http, server, f"49309018{n:02d}") for n in range(plan.senders)]
    await befriend(http, server, *people)
    for _ in range(plan.groups):
        founder, *members = random.sample(people, min(GROUP_SIZE, len(people)))
        await make_group(http, server, founder, *members)
    pairs = [(one, other) for n, one in enumerate(people) for other in people[n + 1 :]]
    for one, other in random.sample(pairs, plan.direct_chats):
        async with connected(http, server.url, one.token) as wire:
            body = {"contact": other.number, "client_id": f"open-{other.account_id}", "text": "Hello"}
            answer = await wire.call("message_send", body)
            assert answer["ok"], answer
    senders: list[Sender] = []
    readers: dict[int, Person] = {}
    for person in people:
        async with connected(http, server.url, person.token) as wire:
            chats = await _list_chats(wire)
        readers |= dict.fromkeys(chats, person)
        if chats:
            senders.append(Sender(http, server.url, person, chats, Random(random.random())))
    assert len(readers) == plan.direct_chats + plan.groups, "every chat is in somebody's list"
    listeners = [Listener(http, server.url, person) for person in random.sample(people, plan.listeners)]
    return Scene(senders, listeners, readers, Counter(), monotonic())


async def _list_chats(wire: Wire) -> list[int]:
    chats: list[int] = []
    before: str | None = None
    while True:
        page = await wire.call("chats", {"limit": 50} | ({"before": before} if before else {}))
        chats += [head["chat"] for head in page["chats"]]
        before = page["next"]
        if before is None:
            return chats


async def _play(plan: Plan, scene: Scene, server: Server, stores: EmbeddedStores, random: Random) -> None:
    async def kill_server() -> None:
        await server.kill()
        scene.kills["server"] += 1
        await server.start()

    async def kill_database() -> None:
        await kill_mongod(stores)
        scene.kills["mongod"] += 1

    async with asyncio.TaskGroup() as people:
        progress = asyncio.create_task(_keep_saying(scene), name="progress")
        writing = [people.create_task(sender.run()) for sender in scene.senders]
        for listener in scene.listeners:
            people.create_task(listener.run())
        await asyncio.gather(
            _at_random(random, plan, scene, plan.server_kills, kill_server),
            _at_random(random, plan, scene, plan.mongod_kills, kill_database),
        )
        async with asyncio.timeout(SETTLE_WITHIN_S):
            for sender in scene.senders:
                sender.finish()
            await asyncio.gather(*writing)
        await asyncio.sleep(1.0)  # the last announcements
        for listener in scene.listeners:
            listener.finish()
        progress.cancel()
    for listener in scene.listeners:
        await listener.catch_up()
    scene.say_progress()


async def _keep_saying(scene: Scene) -> None:
    while True:
        await asyncio.sleep(PROGRESS_EVERY_S)
        scene.say_progress()


async def _at_random(
    random: Random, plan: Plan, scene: Scene, times: int, strike: Callable[[], Awaitable[None]]
) -> None:
    """Strike at random moments, the next one not before what the last one hit is back and people have written."""
    starts_at = monotonic()
    moments = sorted(random.uniform(0.5, plan.seconds - 0.5) for _ in range(times))
    for number, moment in enumerate(moments, start=1):
        await asyncio.sleep(max(random.uniform(0.3, 1.0), starts_at + moment - monotonic()))
        await _until_acknowledged(scene, plan.messages * number // (times + 1))
        await strike()
    await asyncio.sleep(max(0.0, starts_at + plan.seconds - monotonic()))
    await _until_acknowledged(scene, plan.messages)


async def _until_acknowledged(scene: Scene, messages: int) -> None:
    async with asyncio.timeout(SETTLE_WITHIN_S):
        while scene.acknowledged < messages:  # noqa: ASYNC110 (a look at a number that 32 senders move)
            await asyncio.sleep(0.05)


def table(verdict: Verdict, scene: Scene) -> str:
    """The result as people read it."""
    refusals: Counter[str] = Counter()
    for sender in scene.senders:
        refusals.update(sender.refusals)
    rows = {
        "kill -9 of the server": scene.kills["server"],
        "kill -9 of mongod": scene.kills["mongod"],
        "broken connections": sum(sender.breaks for sender in scene.senders),
        'answers "try again"': refusals.total(),
        "syncs of listeners": sum(listener.syncs for listener in scene.listeners),
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
    lines = [f"{name:<24}{value:>8}" for name, value in rows.items()]
    return "\n".join([*lines, *(f"  {example}" for example in verdict.examples)])


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        "benchmarks.faults", description="Kill servers under load and count what was lost."
    )
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31), help="repeats the same moments and texts")
    parser.add_argument("--seconds", type=float, help="how long faults are spread over")
    parser.add_argument("--short", action="store_true", help="a reduced run of some 15 seconds")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result there too")
    arguments = parser.parse_args(argv)
    plan = SHORT if arguments.short else Plan()
    if arguments.seconds is not None:
        plan = Plan(**asdict(plan) | {"seconds": arguments.seconds})
    print(f"seed {arguments.seed}: {plan}", flush=True)
    verdict, scene = asyncio.run(run(plan, arguments.seed))
    print("\n" + table(verdict, scene), flush=True)
    if arguments.json is not None:
        arguments.json.write_text(json.dumps({"seed": arguments.seed, **asdict(plan), **asdict(verdict)}, indent=2))
    return 0 if verdict.is_clean else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
