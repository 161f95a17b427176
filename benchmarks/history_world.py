"""The people of a long run, and what they have made: writers, listeners, commuters and watchers, their chats and groups."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import aiohttp

from benchmarks.history import History
from benchmarks.history_log import Chat
from benchmarks.history_readers import Commuter, Listener, PresenceWatcher, Present
from benchmarks.history_site import StruckSite
from benchmarks.history_writers import Writer
from benchmarks.servers import Person, Server, ask_rest, make_group, sign_in
from benchmarks.wire import GONE, Wire, connected

GRANTED_WITHIN_S = 30.0
MEDDLES_EVERY_S = 1.0
MEDDLES_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True)
class HistoryPlan:
    """How long a piece lasts and who takes part. `kinds` are names of `history_strikes.KINDS`; empty for all."""

    minutes: float = 10.0
    round_s: float = 45.0  # of faults, before each rest
    lanes: int = 3
    writers: int = 24
    movable: int = 8  # of them, who come to groups and are removed
    bystanders: int = 12  # who are in the large group and write nothing
    groups: int = 6
    direct_chats: int = 20
    commuters: int = 12
    present: int = 6
    watchers: int = 3
    every_s: float = 0.2  # between two acts of a writer, on average
    kinds: Sequence[str] = ()


@dataclass
class Group:
    """A group whose founder brings people in and removes them."""

    chat: int
    name: str
    founder: Person
    movable: Sequence[Person]
    inside: set[int]


@dataclass
class World:
    """Everybody who takes part, and what they have made."""

    http: aiohttp.ClientSession
    site: StruckSite
    plan: HistoryPlan
    random: Random
    history: History
    people: list[Person] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    chats: dict[int, Chat] = field(default_factory=dict)
    of_person: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    writers: list[Writer] = field(default_factory=list)
    listeners: list[Listener] = field(default_factory=list)
    commuters: list[Commuter] = field(default_factory=list)
    present: list[Present] = field(default_factory=list)
    watchers: list[PresenceWatcher] = field(default_factory=list)
    comes_back: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def acknowledged(self) -> int:
        return sum(writer.acknowledged for writer in self.writers)

    def readers(self) -> list[Listener | Present | PresenceWatcher]:
        """Returns all who do not write; they run until they are cancelled."""
        return [*self.listeners, *self.commuters, *self.present, *self.watchers]

    async def settle(self) -> None:
        """Sign people in and make their chats."""
        node, plan = self.site.nodes[0].server, self.plan
        await self._sign_in(plan.writers + plan.bystanders)
        writers, movable = self.people[: plan.writers], self.people[: plan.movable]
        steady = writers[plan.movable :]
        for _ in range(plan.groups):
            founder, *members = self.random.sample(steady, 4)
            moving = self.random.sample(movable, min(3, len(movable)))
            name = await make_group(self.http, node, founder, *members, *moving)
            await self._found(name, founder, [founder, *members], moving)
        everybody = await make_group(self.http, node, writers[0], *self.people[1:])
        await self._found(everybody, writers[0], self.people, ())
        pairs = [(one, other) for n, one in enumerate(writers) for other in writers[n + 1 :]]
        for one, other in self.random.sample(pairs, plan.direct_chats):
            async with connected(self.http, node.url, one.token) as wire:
                body = {"contact": other.number, "client_id": "open", "text": "Hello"}
                chat = (await _surely(wire, "message_send", body))["message"]["chat"]
            self._know(chat, [one, other], is_fixed=True)
        self._cast(writers, movable)

    async def _sign_in(self, count: int) -> None:
        """Sign so many people in, and make everybody a contact of everybody: those of each node one after the other."""
        servers = [node.server for node in self.site.nodes]
        numbers = [f"49309018{n:02d}" for n in range(count)]

        async def by_one(server: Server, first: int) -> list[Person]:
            return [await sign_in(self.http, server, number) for number in numbers[first :: len(servers)]]

        signed = await asyncio.gather(*(by_one(server, first) for first, server in enumerate(servers)))
        self.people = sorted((person for each in signed for person in each), key=lambda person: person.number)
        book = [{"contact_id": person.number} for person in self.people]

        async def know(person: Person, server: Server) -> None:
            others = [each for each in book if each["contact_id"] != person.number]
            await ask_rest(self.http, server, person, "/api/contacts/import-contacts/", {"contacts": others})

        await asyncio.gather(*(know(each, servers[n % len(servers)]) for n, each in enumerate(self.people)))

    async def _found(self, name: str, founder: Person, stable: Sequence[Person], movable: Sequence[Person]) -> None:
        async with connected(self.http, self.site.nodes[0].server.url, founder.token) as wire:
            chat = (await _surely(wire, "history", {"group": name}))["chat"]
        self._know(chat, stable, is_fixed=False)
        for person in movable:
            self.of_person[person.account_id].append(chat)
        if movable:
            inside = {person.account_id for person in movable}
            self.groups.append(Group(chat, name, founder, movable, inside))

    def _know(self, chat: int, people: Sequence[Person], *, is_fixed: bool) -> None:
        accounts = [person.account_id for person in people]
        members = accounts if is_fixed else None
        self.history.note("chat", chat=chat, members=members, stable=accounts)
        self.chats[chat] = Chat(members, frozenset(accounts))
        for account in accounts:
            self.of_person[account].append(chat)

    def _cast(self, writers: Sequence[Person], movable: Sequence[Person]) -> None:
        http, history, plan, doors = self.http, self.history, self.plan, [self.site.url]
        said: dict[int, deque[int]] = defaultdict(lambda: deque(maxlen=50))
        known = frozenset(self.chats)

        def dice() -> Random:
            return Random(self.random.random())

        self.writers = [
            Writer(http, doors, f"w{n:02}", each, self.of_person[each.account_id], dice(), history, said)
            for n, each in enumerate(writers)
        ]
        for n, writer in enumerate(self.writers):
            writer.by_polling, writer.every_s = n % 4 == 3, plan.every_s
        # Those who may be removed listen through the nodes themselves, one after the other; the others as everybody does.
        places = self.site.doors
        self.listeners = [
            Listener(http, [places[n % len(places)]] if n % 2 else doors, f"l{n:02}", each, known, dice(), history)
            for n, each in enumerate([*movable, *writers[-4:]])
        ]
        travellers = [*movable[:1], *writers[plan.movable :]]
        self.commuters = [
            Commuter(http, doors, f"c{n:02}", each, known, dice(), history)
            for n, each in enumerate(travellers[: plan.commuters])
        ]
        idle = self.people[plan.writers :]
        here = idle[: plan.present]
        self.present = [
            Present(http, places, f"p{n:02}", each, dice(), history, self.comes_back) for n, each in enumerate(here)
        ]
        self.watchers = [
            PresenceWatcher(http, [places[n % len(places)]], f"s{n:02}", each, here, dice(), history)
            for n, each in enumerate(idle[plan.present :][: plan.watchers])
        ]

    async def meddle(self) -> None:
        """Bring people into groups and remove them, until cancelled. What gets no answer may have happened or not."""
        while True:
            await asyncio.sleep(MEDDLES_EVERY_S * 2 * self.random.random())
            group = self.random.choice(self.groups)
            person = self.random.choice(group.movable)
            is_inside = person.account_id in group.inside
            act = "remove" if is_inside else "add"
            path = f"/api/groups/{group.name}/{act}-participant/"
            url = self.random.choice(self.site.doors)
            headers = {"Authorization": f"Bearer {group.founder.token}"}
            self.history.note("meddles", act=act, chat=group.chat, account=person.account_id, url=url)
            try:
                async with asyncio.timeout(MEDDLES_WITHIN_S):
                    async with self.http.post(url + path, headers=headers, json={"contact": person.number}) as answer:
                        status = answer.status
            except GONE:
                continue
            self.history.note("meddled", act=act, chat=group.chat, account=person.account_id, status=status)
            if status < 500:
                (group.inside.discard if is_inside else group.inside.add)(person.account_id)


async def _surely(wire: Wire, event: str, body: dict[str, Any]) -> dict[str, Any]:
    """Returns the answer of a request once it is granted: a planted bug may be late with what it has promised."""
    async with asyncio.timeout(GRANTED_WITHIN_S):
        while not (answer := await wire.call(event, body))["ok"]:  # noqa: ASYNC110 (a bug tells nobody when)
            await asyncio.sleep(0.2)
    return answer
