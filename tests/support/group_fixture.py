"""Nodes with nothing but groups, assembled from the real parts over a real database, and a fan-out that keeps what it is told."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from aiohttp.typedefs import Handler

from handlers.rest.requests import ACTOR
from models.documents.contact import Contact
from models.documents.entry import ChatChange, Draft, Entry, Message
from models.documents.phone import Phone
from models.documents.session import Actor
from models.services.chats.announcer import Announcer
from models.services.chats.journal import Journal
from models.services.chats.membership import MembershipCache
from models.services.contacts.contact_rule import HasWritten, RequireContact
from models.stores.accounts import Accounts
from models.stores.chats import Chats
from models.stores.contacts import Contacts
from models.stores.database import Database
from models.stores.entries import Entries
from models.stores.members import Members
from server.config import Settings
from server.http.application import build_application
from server.metrics import Metrics
from server.wiring import chats, contacts, groups
from server.wiring.routes import group_routes
from server.wiring.stores import Stores
from tests.rest.app import Server
from tests.support.documented import watch
from tests.support.fakes import HandClock, RecordingFanout

SINCE = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
MEMBERS_MAX = 1000
CACHED_S = 30.0
SETTINGS = Settings(chat={"group_max_members": MEMBERS_MAX}, limits={"enabled": False})


@dataclass
class Writers:
    """Who has written to whom, as (number, account id)."""

    pairs: set[tuple[str, int]] = field(default_factory=set)

    async def __call__(self, account_id: int, number: str) -> bool:
        return (number, account_id) in self.pairs


@dataclass
class Node:
    """One node and a client of it."""

    client: TestClient[web.Request, web.Application]
    journal: Journal
    announcer: Announcer
    memberships: MembershipCache
    fanout: RecordingFanout

    async def ask(self, actor: Actor | None, method: str, path: str, **options: Any) -> tuple[int, Any]:
        """Status and JSON of the answer to a request below `/api/groups/`."""
        headers = {} if actor is None else {"X-Acting": str(actor.account_id)}
        async with self.client.request(method, "/api/groups/" + path, headers=headers, **options) as response:
            return response.status, await response.json()

    async def create(self, founder: Actor, *others: Actor, subject: str = "Cool group 👍") -> str:
        """The id of a new group; with nobody else, of the founder alone."""
        body = {"participants": [other.number for other in others or (founder,)], "subject": subject}
        status, answer = await self.ask(founder, "POST", "create-group/", json=body)
        assert status == 201, answer
        group: str = answer["groupid"]
        return group

    async def do(self, actor: Actor, group: str, verb: str, other: Actor | None = None) -> None:
        """One of add, remove, promote, demote (`…-participant`) and leave, which must succeed."""
        path = f"{group}/leave/" if other is None else f"{group}/{verb}-participant/"
        answer = await self.ask(actor, "POST", path, data={} if other is None else {"contact": other.number})
        assert answer == (200, {})

    async def info(self, actor: Actor, group: str) -> dict[str, Any]:
        status, shown = await self.ask(actor, "GET", f"{group}/info/")
        assert status == 200, shown
        info: dict[str, Any] = shown
        return info


@dataclass
class Fixture:
    """People and nodes over one database."""

    database: Database
    stores: Stores
    clock: HandClock
    writers: Writers
    actors: dict[int, Actor] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)

    @property
    def accounts(self) -> Accounts:
        return self.stores.accounts

    @property
    def contacts(self) -> Contacts:
        return self.stores.contacts

    @property
    def chats(self) -> Chats:
        return self.stores.chats

    @property
    def members(self) -> Members:
        return self.stores.members

    @property
    def entries(self) -> Entries:
        return self.stores.entries

    async def register(self, number: str) -> Actor:
        account = await self.accounts.find_or_create(Phone.from_text(number), SINCE)
        await self.accounts.change(account.id, {"is_registered": True})
        self.actors[account.id] = Actor(account.id, account.number, f"session-{account.id}")
        return self.actors[account.id]

    async def befriend(self, owner: Actor, *others: Actor) -> None:
        """Put the others into the owner's address book, not the other way round."""
        for other in others:
            await self.contacts.append(Contact(owner.account_id, other.number))

    async def chat_id(self, group: str) -> int:
        chat = await self.chats.find_group(group)
        assert chat is not None
        return chat.id

    async def log(self, group: str) -> list[Entry]:
        return await self.entries.list_range(await self.chat_id(group), 1, 2**31, limit=1000)

    async def store_only(self, by: Actor, group: str, change: ChatChange | Message, client_id: str = "crash") -> Entry:
        """Store an entry as a node does that dies right after: nothing is applied or announced."""
        journal = Journal(self.database, self.clock, [])
        await journal.open()
        draft = Draft(await self.chat_id(group), by.account_id, by.number, client_id, change)
        stored = await journal.append(draft)
        await journal.close()
        return stored.entry

    async def start_node(self) -> Node:
        fanout, stores, settings = RecordingFanout(), self.stores, SETTINGS
        known = contacts.build(stores, fanout, self.clock, settings.limits, cached_s=CACHED_S)
        log = chats.build_log(stores, self.database, fanout, self.clock, settings, known, Metrics(), cached_s=CACHED_S)
        await log.journal.open()
        await log.announcer.open()
        require_contact = RequireContact(stores.contacts, known.directory, cast("HasWritten", self.writers))
        routes = group_routes(groups.build(stores, self.clock, settings, require_contact, log))

        @web.middleware
        async def identify(request: web.Request, handler: Handler) -> web.StreamResponse:
            if "X-Acting" in request.headers:
                request[ACTOR] = self.actors[int(request.headers["X-Acting"])]
            return await handler(request)

        app = build_application(routes.routes(), [identify], body_max_bytes=1 << 20, origins=["*"])
        watch(app)
        client: TestClient[web.Request, web.Application] = TestClient(Server(app))
        await client.start_server()
        self.nodes.append(Node(client, log.journal, log.announcer, log.memberships, fanout))
        return self.nodes[-1]


@dataclass
class Town:
    """Five people. Ann has everybody in her address book; nobody else has anybody."""

    fixture: Fixture
    node: Node
    ann: Actor
    bob: Actor
    cy: Actor
    dee: Actor
    eve: Actor


@pytest.fixture
async def fixture(database: Database) -> AsyncIterator[Fixture]:
    clock = HandClock(SINCE, tick=timedelta(minutes=1))
    fixture = Fixture(database, Stores(database, "a secret of tests", clock, large_chat=MEMBERS_MAX), clock, Writers())
    for store in (fixture.accounts, fixture.contacts, fixture.chats, fixture.members):
        await store.prepare()
    yield fixture
    for node in fixture.nodes:
        await node.client.close()
        await node.journal.close()
        await node.announcer.close()
        assert len(node.fanout.told) == len(node.fanout.published), "only entries are told of groups"
        assert not node.fanout.sent_to_one, "a change of a group is nobody's own affair"


@pytest.fixture
async def town(fixture: Fixture) -> Town:
    ann, bob, cy, dee, eve = [await fixture.register(f"4930{n}") for n in range(1, 6)]
    await fixture.befriend(ann, bob, cy, dee, eve)
    return Town(fixture, await fixture.start_node(), ann, bob, cy, dee, eve)
