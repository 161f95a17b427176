"""People who invite each other: signed in on a running node, each with a number that nobody else has."""

import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from models.stores.counters import Counters
from models.stores.database import Database
from models.stores.events import Events
from server.embedded import EmbeddedStores
from tests.support.node import Node, Person, running_node, settings_for
from tests.support.stores import pool

_count = itertools.count(1)


def new_number() -> str:
    """A number that no other test has."""
    return f"4930{next(_count):07}"


def iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def in_hours(hours: float) -> str:
    """A date so far from now, negative for the past."""
    return iso(datetime.now(UTC) + timedelta(hours=hours))


@dataclass(frozen=True)
class Fixture:
    """A node with its database. Every call answers with (status, body)."""

    node: Node
    database: Database

    @property
    def events(self) -> Events:
        return Events(self.database, Counters(self.database))

    async def person(self, full_name: str = "") -> Person:
        """Somebody new; with a name, also registered."""
        person = await self.node.sign_in(new_number())
        if full_name:
            profile = {"full_name": full_name, "email": f"{person.number}@example.com"}
            status, shown = await self.node.rest("POST", "/auth/register", person, json=profile)
            assert status == 200, shown
        return person

    async def people(self, count: int) -> list[Person]:
        return [await self.person() for _ in range(count)]

    async def ask(
        self, who: Person | None, method: str, path: str, body: Any = None, **options: Any
    ) -> tuple[int, Any]:
        """With a JSON body unless that is None; nobody is whoever has no token."""
        if body is not None:
            options["json"] = body
        if who is not None:
            return await self.node.rest(method, path, who, **options)
        async with self.node.http.request(method, self.node.url + path, **options) as answer:
            return answer.status, await answer.json() if await answer.read() else None

    async def create(self, owner: Person, *guests: Person | str, **fields: Any) -> dict[str, Any]:
        """A new event as its owner is shown it; guests are people or numbers."""
        numbers = [guest if isinstance(guest, str) else "+" + guest.number for guest in guests]
        body = {"title": "Dinner", "event_date": in_hours(24), "total_spots": 10, "invite_phone_numbers": numbers}
        status, shown = await self.ask(owner, "POST", "/events", body | fields)
        assert status == 201, shown
        event: dict[str, Any] = shown
        return event

    async def show(self, who: Person, event: Mapping[str, Any]) -> dict[str, Any]:
        """An event as somebody is shown it."""
        status, shown = await self.ask(who, "GET", f"/events/{event['id']}")
        assert status == 200, shown
        seen: dict[str, Any] = shown
        return seen

    async def answer(self, who: Person, event: Mapping[str, Any], how: str, **fields: Any) -> dict[str, Any]:
        """The event after somebody's answer, "accept" or "reject"."""
        status, shown = await self.ask(who, "POST", f"/events/{event['id']}/{how}", fields)
        assert status == 200, shown
        seen: dict[str, Any] = shown
        return seen


@asynccontextmanager
async def running_fixture(
    stores: EmbeddedStores, folder: Path, **sections: Mapping[str, Any]
) -> AsyncIterator[Fixture]:
    settings = settings_for(folder, **sections)
    async with (
        running_node(stores, settings) as node,
        pool.opened(stores.mongodb_url, settings.mongodb.database) as database,
    ):
        yield Fixture(node, database)
