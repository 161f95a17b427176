"""The clients that take part in a fault run, how they are made, and what has happened to them so far."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from time import monotonic

import aiohttp

from benchmarks.fault_injector import FaultInjector
from benchmarks.listeners import ControlClient, Listener
from benchmarks.plans import Plan
from benchmarks.probes import Probe
from benchmarks.senders import Sender
from benchmarks.servers import Person, befriend, make_group, sign_in
from benchmarks.site import Site
from benchmarks.wire import Wire, connected

GROUP_SIZE = 8
LARGE_GROUP_SIZE = 40  # more than chat.large_chat_members


@dataclass
class Participants:
    """All clients of a run, and the faults so far."""

    senders: Sequence[Sender]
    listeners: Sequence[Listener]
    control_clients: Sequence[ControlClient]
    readers: dict[int, Person]  # chat -> one of its members
    injector: FaultInjector
    started_at: float

    @property
    def acknowledged(self) -> int:
        return sum(sender.acknowledged for sender in self.senders)

    @property
    def injected(self) -> Counter[str]:
        return Counter({kind.value: len(outages) for kind, outages in self.injector.outages.items()})

    def say_progress(self) -> None:
        unanswered = sum(len(sender.unanswered) for sender in self.senders)
        injected = ", ".join(f"{kind} {times}" for kind, times in self.injected.items() if times)
        now = ", ".join(kind.value for kind, times in self.injector.going_on.items() if times)
        print(
            f"{monotonic() - self.started_at:6.1f} s  {self.acknowledged:7d} acknowledged, {unanswered:4d} in the air; "
            f"so far: {injected or 'nothing'}" + (f"; now: {now}" if now else ""),
            flush=True,
        )


async def gather_participants(
    http: aiohttp.ClientSession, site: Site, doors: Sequence[str], plan: Plan, injector: FaultInjector, random: Random
) -> Participants:
    """Sign people in, make their chats, and return the clients that will write and listen.

    `doors` are the URLs they connect to.
    """
    node = site.first
    people = [await sign_in(http, node, f"49309018{n:02d}") for n in range(plan.senders)]
    await befriend(http, node, *people)
    for size, count in ((GROUP_SIZE, plan.groups), (LARGE_GROUP_SIZE, plan.large_groups)):
        for _ in range(count):
            founder, *members = random.sample(people, min(size, len(people)))
            await make_group(http, node, founder, *members)
    pairs = [(one, other) for n, one in enumerate(people) for other in people[n + 1 :]]
    for one, other in random.sample(pairs, plan.direct_chats):
        await _open_chat(http, node.url, one, other)
    chats: dict[Person, list[int]] = {}
    readers: dict[int, Person] = {}
    for person in people:
        async with connected(http, node.url, person.token) as wire:
            chats[person] = await _list_chats(wire)
        readers |= dict.fromkeys(chats[person], person)
    assert len(readers) == plan.direct_chats + plan.groups + plan.large_groups, "every chat is in somebody's list"
    writers = [
        Sender(http, doors[0], person, chats[person], Random(random.random()), elsewhere=doors[1:])
        for person in people
        if chats[person]
    ]
    for sender in writers:
        sender.every_s = plan.every_s
        sender.stays_s = plan.stays_s or math.inf
    listeners = [Listener(http, random.choice(doors), person) for person in random.sample(people, plan.listeners)]
    # Every node has a control client at any time, and some connect as all other clients do.
    places = [*(server.url for server in site.nodes), random.choice(doors)]
    control_clients = [
        ControlClient(http, places[n % len(places)], person, chats=chats[person])
        for n, person in enumerate(random.sample(people, plan.control_clients))
    ]
    return Participants(writers, listeners, control_clients, readers, injector, monotonic())


async def set_probes(http: aiohttp.ClientSession, site: Site) -> list[Probe]:
    """Returns probes from each node to the next one, and through the balancer where there is one."""
    urls = [server.url for server in site.nodes]
    ways = list(zip(urls, [*urls[1:], urls[0]], strict=True))
    if site.url not in urls:
        ways.append((site.url, site.url))
    probes = []
    for number, (writes_at, listens_at) in enumerate(ways):
        pair = [await sign_in(http, site.first, f"49309019{2 * number + side:02d}") for side in range(2)]
        await befriend(http, site.first, *pair)
        probes.append(Probe(http, pair[0], writes_at, pair[1], listens_at))
    return probes


async def _open_chat(http: aiohttp.ClientSession, url: str, one: Person, other: Person) -> None:
    async with connected(http, url, one.token) as wire:
        body = {"contact": other.number, "client_id": f"open-{other.account_id}", "text": "Hello"}
        answer = await wire.call("message_send", body)
        assert answer["ok"], answer


async def _list_chats(wire: Wire) -> list[int]:
    chats: list[int] = []
    before: str | None = None
    while True:
        page = await wire.call("chats", {"limit": 50} | ({"before": before} if before else {}))
        chats += [head["chat"] for head in page["chats"]]
        before = page["next"]
        if before is None:
            return chats
