"""A whole node, and what people do at events on it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from types import SimpleNamespace
from typing import Any

from models.documents.account import Account
from models.documents.phone import Phone
from server.config import Settings
from server.embedded import EmbeddedStores
from server.wiring.services import Services
from tests.support.event_acts import EventActs
from tests.support.node import Node, Person, running_node
from tests.support.parts import services_of
from tests.support.stores import pool

_NUMBERS = count(4930500000)


def new_number() -> str:
    return str(next(_NUMBERS))


@dataclass(kw_only=True)
class Host(EventActs):
    """`web` is the node as its clients see it, `services` what is inside of it."""

    web: Node
    services: Services
    mongodb_url: str

    async def sign_in(self, number: str | None = None) -> tuple[Person, Account]:
        person = await self.web.sign_in(number or new_number())
        return person, await self.accounts.require(person.account_id)

    async def unproved(self) -> Account:
        """A number that somebody invites, and that nobody has proved."""
        return await self.accounts.find_or_create(Phone.from_text("+" + new_number()), self.clock.now())

    def texts(self) -> list[tuple[str, str]]:
        """(number, body) of the SMS that were sent and are no codes."""
        outbox = self.web.settings.data_dir / self.web.settings.sms.outbox
        if not outbox.exists():
            return []
        lines = [json.loads(line) for line in outbox.read_text("utf-8").splitlines()]
        return [(sent["to"], sent["body"]) for sent in lines if sent["code"] is None]

    async def queued(self) -> list[dict[str, Any]]:
        """The rows of the queue of notifications, asked for by a connection of the test's own (plans.py)."""
        database = pool.at(self.web.settings.mongodb.database)
        rows: list[dict[str, Any]] = await database.collection("notifications").find({}).to_list(None)
        return rows


@asynccontextmanager
async def running_host(stores: EmbeddedStores, settings: Settings) -> AsyncIterator[Host]:
    async with running_node(stores, settings) as web:
        services = services_of(web)
        host = Host(web=web, services=services, mongodb_url=stores.mongodb_url, clock=services.runtime.clock)
        stores = services.runtime.stores
        host.accounts, host.chats, host.events = stores.accounts, stores.chats, stores.events
        host.node = SimpleNamespace(tell=services.facts.outbox)
        yield host
