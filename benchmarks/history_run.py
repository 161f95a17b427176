"""Plays a piece of the long fault run: rounds of faults under load, each followed by a rest in which all must be level again.

    python -m benchmarks.faults --minutes 10 --seed 7 --history var/faults.jsonl

Three nodes behind HAProxy, a replica set of three, a Redis. People write by WebSocket and by polling, change and delete and react,
come to groups and are removed from them; others listen, come and go, and watch who is there. All that they ask and are shown goes
to a file of JSON lines, which `benchmarks.check_history` judges. Each piece is appended to the file, so a run is resumed by
giving the same file again, with another seed.
"""

import asyncio
import tempfile
import traceback
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

import aiohttp
from pymongo.errors import PyMongoError

from benchmarks.check_history import Findings, Reader, describe, judge
from benchmarks.history import History, digest
from benchmarks.history_faults import KINDS, Faults
from benchmarks.history_log import Chat, Row
from benchmarks.history_readers import Commuter, Listener, PresenceWatcher, Present
from benchmarks.history_site import StruckSite, running_struck_site
from benchmarks.history_writers import Writer
from benchmarks.servers import Person, Server, ask_rest, make_group, sign_in
from benchmarks.wire import GONE, Wire, connected
from models.documents.entry import Edit, Entry, Joined, Left, Message, Reaction, SubjectSet
from models.stores.database import open_database
from models.stores.entries import Entries

DATABASE = "parley"  # mongodb.database in config.yaml
SETTLE_WITHIN_S = 150.0  # until everything is acknowledged after the last fault of a round
LEVEL_WITHIN_S = 45.0  # until everybody holds everything after that; who does not by then never will
LEVEL_LEAST_S = 3.0
GRANTED_WITHIN_S = 30.0
LOOKS_EVERY_S = 3.0  # at what is written so far, where a run ends with the first broken promise
FAILED = 2  # exit status of a run that broke off and had convicted nobody
MEDDLES_EVERY_S = 1.0
MEDDLES_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True)
class HistoryPlan:
    """How long a piece lasts and who takes part. `kinds` are names of `history_faults.KINDS`; empty for all."""

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


@dataclass
class Play:
    """One piece: its rounds, one after the other."""

    world: World
    faults: Faults
    path: Path
    until: Collection[str] | None = None
    began: float = field(default_factory=monotonic)

    async def run(self) -> Findings:
        """Play all rounds, or until the verdicts of `until` are found, any one if it is empty. Returns the findings of the file."""
        plan, world = self.world.plan, self.world
        reader = Reader(self.path)
        async with asyncio.TaskGroup() as people:
            others = [people.create_task(each.run(), name=each.name) for each in world.readers()]
            playing = asyncio.create_task(self._rounds(plan), name="rounds")
            try:
                while not playing.done():
                    await asyncio.wait([playing], timeout=None if self.until is None else LOOKS_EVERY_S)
                    world.history.flush()
                    if self.until is not None and (await asyncio.to_thread(reader.go_on)).convicts(self.until):
                        break
                if playing.done():
                    await playing
            finally:
                for task in (playing, *others):
                    task.cancel()
                await asyncio.gather(playing, return_exceptions=True)
        return await asyncio.to_thread(reader.go_on)

    async def _rounds(self, plan: HistoryPlan) -> None:
        while monotonic() - self.began + plan.round_s / 2 < plan.minutes * 60:
            await self._round()
        await self._write_logs(is_whole=True)
        self.world.history.note("end")
        self.world.history.flush()

    async def _round(self) -> None:
        is_settled = await self._strike()
        await self._rest()
        if not is_settled:  # only now: what is written is judged by what the rest says
            raise TimeoutError(f"not everything was answered {SETTLE_WITHIN_S:.0f} s after the faults")

    async def _strike(self) -> bool:
        """Strike while people write. Returns whether everything was acknowledged in time after that."""
        plan, world = self.world.plan, self.world
        async with asyncio.TaskGroup() as people:
            writing = [people.create_task(writer.run(), name=writer.name) for writer in world.writers]
            meddling = people.create_task(world.meddle(), name="meddler")
            kinds = {kind: KINDS[kind] for kind in plan.kinds} or KINDS
            striking = people.create_task(self.faults.go_on(plan.round_s, plan.lanes, kinds), name="faults")
            await asyncio.sleep(plan.round_s)
            # The last faults go on when nobody writes any more: what is lost in them is shown by no later message.
            meddling.cancel()
            for writer in world.writers:
                writer.finish()
            await striking
            try:
                async with asyncio.timeout(SETTLE_WITHIN_S):
                    await asyncio.gather(*writing)
            except TimeoutError:
                return False
        return True

    async def _rest(self) -> None:
        """Wait until everybody holds everything, or should."""
        world = self.world
        world.history.note("calm")
        calm_at = monotonic()
        await asyncio.sleep(LEVEL_LEAST_S)
        await self._write_logs(is_whole=False)
        while (behind := self._behind()) and monotonic() - calm_at < LEVEL_WITHIN_S:
            await asyncio.sleep(0.5)
            await self._write_logs(is_whole=False)
        world.history.note("rest", behind=behind)
        world.history.flush()
        world.comes_back.set()
        world.comes_back.clear()
        took = monotonic() - self.began
        print(
            f"{took:6.0f} s  {world.acknowledged:7d} acknowledged, level after {monotonic() - calm_at:.1f} s; "
            f"faults so far: {self.faults.struck.total()}" + (f"; behind: {', '.join(behind)}" if behind else ""),
            flush=True,
        )

    def _behind(self) -> list[str]:
        """Returns the names of those who are not back, do not hold everything, or are shown somebody as online who is gone."""
        world = self.world
        late = [listener.name for listener in world.listeners if not listener.is_up]
        late += [
            listener.name
            for listener in world.listeners
            for number, chat in world.chats.items()
            if any(last == float("inf") for _, last in chat.spans(listener.person.account_id))
            and listener.cursors.get(number, 0) < chat.last
        ]
        gone = {each.person.account_id for each in world.present if not each.is_there}
        late += [
            watcher.name
            for watcher in world.watchers
            if any(status == "online" and account in gone for account, status in watcher.shown_as.items())
        ]
        return sorted(set(late))

    async def _write_logs(self, *, is_whole: bool) -> None:
        """Write what MongoDB has of each log: all of it, or what came since the last time."""
        async with asyncio.timeout(SETTLE_WITHIN_S):
            while True:
                try:
                    await self._read_logs(is_whole=is_whole)
                    break
                except PyMongoError:
                    await asyncio.sleep(0.5)

    async def _read_logs(self, *, is_whole: bool) -> None:
        world = self.world
        async with open_database(world.site.mongodb.url, DATABASE) as database:
            entries = Entries(database)
            for number, chat in world.chats.items():
                first = 1 if is_whole else chat.last + 1
                rows = [_row(entry) for entry in await entries.list_range(number, first, 2**31, limit=10**6)]
                if rows or is_whole:
                    world.history.note("log", chat=number, rows=rows, whole=is_whole)
                chat.add({row["seq"]: Row.read(row) for row in rows})


async def _surely(wire: Wire, event: str, body: dict[str, Any]) -> dict[str, Any]:
    """Returns the answer of a request once it is granted: a planted bug may be late with what it has promised."""
    async with asyncio.timeout(GRANTED_WITHIN_S):
        while not (answer := await wire.call(event, body))["ok"]:  # noqa: ASYNC110 (a bug tells nobody when)
            await asyncio.sleep(0.2)
    return answer


def _row(entry: Entry) -> dict[str, Any]:
    body = entry.body
    row: dict[str, Any] = {"seq": entry.seq, "kind": entry.kind.value, "sender": entry.sender_id}
    row["client_id"] = entry.client_id
    match body:
        case Message() | Edit():
            row["text"] = digest(body.text) if body.text else None
        case Reaction():
            row["text"] = digest(body.emoji) if body.emoji else None
        case SubjectSet():
            row["text"] = digest(body.subject)
        case Joined():
            row["accounts"] = body.accounts
        case Left():
            row["left"] = body.account
        case _:
            pass
    if getattr(body, "of", None) is not None:
        row["of"] = body.of  # type: ignore[union-attr]
    return row


async def run_piece(
    plan: HistoryPlan, seed: int, path: Path, folder: Path | None = None, *, until: Collection[str] | None = None
) -> Findings:
    """Play one piece on a site of its own. Returns what is found in the whole file."""
    random = Random(seed)
    async with AsyncExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="parley-faults-")))
        history = stack.enter_context(History(path))
        began = monotonic()
        site = await stack.enter_async_context(running_struck_site(folder))
        print(f"the site is ready after {monotonic() - began:.0f} s", flush=True)
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        http = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        history.note("piece", seed=seed, minutes=plan.minutes, kinds=list(plan.kinds or KINDS))
        world = World(http, site, plan, random, history)
        await world.settle()
        print(f"everybody is there after {monotonic() - began:.0f} s", flush=True)
        play = Play(world, Faults(site, history, Random(random.random())), path, until)
        return await play.run()


def conclude(path: Path, play: Callable[[], Findings]) -> int:
    """Play a piece and print what is found. Returns the exit status.

    A piece that breaks off is judged by what is written: 1 if that convicts, as for a whole one, else FAILED.
    """
    status = 0
    try:
        findings = play()
    except (Exception, asyncio.CancelledError):  # noqa: BLE001 - whatever it was, it is printed, and the file is judged
        traceback.print_exc()
        status = FAILED
        findings = judge(path) if path.exists() else Findings()
    print(describe(findings), flush=True)
    return status if findings.is_clean else 1
