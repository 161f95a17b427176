"""People of the events API's tests, and answers compared with the examples of the API's original document."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

from aiohttp import FormData

from models.documents.event import Event, Invitation
from models.documents.phone import Phone
from models.stores.accounts import Accounts
from models.stores.counters import Counters
from models.stores.database import Database
from models.stores.events import Events
from server.embedded import EmbeddedStores
from tests.rest.messaging.logins import new_number
from tests.support.node import Node, Person
from tests.support.pictures import encoded, halves
from tests.support.stores import pool

GENERIC = {"_error_message", "_error_type"}  # the keys of a generic refusal (docs/events-api.md, "Refusals")
# A user with all fields.
FULL_USER = {
    "id": 1,
    "is_active": True,
    "full_name": "John Doe",
    "photo": "https://theserver.com/realimage.jpeg?size=80",
    "big_photo": "https://theserver.com/realimage.jpeg?size=300",
    "email": "john@example.com",
    "notify_new_invite": True,
    "notify_invite_rsvp": True,
    "notify_contact_joined": True,
    "notify_event_full": True,
    "notify_upcoming_event": True,
    "phone_number": "+98787676767",
}
REQUIRED, BLANK, NULL = "This field is required.", "This field may not be blank.", "This field may not be null."


@dataclass(frozen=True)
class People:
    """A node with the means to put people on it."""

    node: Node
    stores: EmbeddedStores

    async def new(self, full_name: str = "", email: str = "") -> Person:
        """Somebody who proved a number that nobody else has."""
        person = await self.node.sign_in(new_number())
        if full_name or email:
            body = {"full_name": full_name, "email": email}
            status, shown = await self.ask(person, "PATCH", f"/users/{person.account_id}", json=body)
            assert status == 200, shown
        return person

    async def ask(self, person: Person | None, method: str, path: str, **options: Any) -> tuple[int, Any]:
        """Status and JSON of an answer, None for an empty one; no person asks without a token."""
        headers = {} if person is None else {"Authorization": f"Bearer {person.token}"}
        headers |= options.pop("headers", {})
        async with self.node.http.request(method, self.node.url + path, headers=headers, **options) as answer:
            assert (answer.status == 401) == (answer.headers.get("WWW-Authenticate") == 'Bearer realm="api"')
            body = await answer.read()
            return answer.status, json.loads(body) if body else None

    async def fetch(self, url: str) -> tuple[int, str, bytes]:
        """Status, type and bytes of a file, without a token."""
        async with self.node.http.get(url) as answer:
            return answer.status, answer.content_type, await answer.read()

    async def set_photo(self, person: Person, data: bytes | None = None) -> dict[str, Any]:
        status, shown = await self.ask(person, "POST", "/users/change_avatar", data=photo_form(data or picture()))
        assert status == 200, shown
        user: dict[str, Any] = shown
        return user

    async def change(self, person: Person, fields: Mapping[str, Any]) -> None:
        """Change what other routes do: privacy, blocked numbers, a nickname."""
        async with self.database() as database:
            await Accounts(database, Counters(database)).change(person.account_id, fields)

    async def know(self, owner: Person, *others: Person) -> None:
        """Put others into an address book."""
        for other in others:
            body = {"contact_id": other.number}
            assert (await self.ask(owner, "POST", "/api/contacts/add-contact/", json=body))[0] in {200, 201}

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Database]:
        yield pool.at(self.node.settings.mongodb.database)

    async def invite(self, owner: Person, *guests: Person) -> None:
        """An event of this owner with these people invited, put where the events API keeps it."""
        now = datetime.now(UTC)
        async with self.database() as database:
            events = Events(database, Counters(database))
            event_id = await events.next_id()
            ids = await events.next_ids("invitations", len(guests))
            invitations = [
                Invitation(invitation_id, guest.account_id, Phone.from_text("+" + guest.number), now)
                for invitation_id, guest in zip(ids, guests, strict=True)
            ]
            # Nobody looks at the chat here; only its id must be another one than every other event's.
            await events.create(
                Event(
                    event_id,
                    1_000_000 + event_id,
                    owner.account_id,
                    "Dinner",
                    now + timedelta(days=1),
                    created_at=now,
                    modified_at=now,
                    is_reminded=True,
                    invitations=invitations,
                )
            )

    async def account(self, person: Person) -> Any:
        async with self.database() as database:
            return await Accounts(database, Counters(database)).require(person.account_id)


def is_default(url: str | None) -> bool:
    """Whether this is what stands for a photo that there is not, or that is not shown."""
    return url is not None and "/media/default/" in url


def picture() -> bytes:
    return encoded(halves((400, 300)))


def photo_form(
    data: bytes, *, name: str = "photo", file_name: str = "me.png", mime_type: str = "image/png"
) -> FormData:
    form = FormData()
    form.add_field(name, BytesIO(data), filename=file_name, content_type=mime_type)
    return form


def assert_like(shown: Any, example: Any, where: str = "") -> None:
    """Every field of an example of the original document is there, of the same type; null stands for "no text" in either."""
    if isinstance(example, Mapping):
        assert isinstance(shown, Mapping), where
        for name, value in example.items():
            assert name in shown, f"{where}.{name} is missing"
            assert_like(shown[name], value, f"{where}.{name}")
    elif isinstance(example, Sequence) and not isinstance(example, str):
        assert isinstance(shown, list), where
        assert shown, where
        for each in shown:
            assert_like(each, example[0], f"{where}[]")
    else:
        assert type(shown) is type(example), f"{where}: {shown!r} is not like {example!r}"


def refused(answer: tuple[int, Any], status: int, kind: str) -> bool:
    """Whether an answer is the generic refusal with this class name."""
    return answer[0] == status and set(answer[1]) == GENERIC and answer[1]["_error_type"] == f"parley.{kind}"


def one(person: Person) -> str:
    return f"/users/{person.account_id}"


def book(*numbers: object) -> dict[str, Any]:
    return {"phone_numbers": list(numbers)}


async def names(people: People, person: Person, query: str = "") -> list[str]:
    status, shown = await people.ask(person, "GET", f"/users{query}")
    assert status == 200, shown
    return [user["full_name"] for user in shown["results"]]


async def found(people: People, viewer: Person, owner: Person) -> dict[str, Any] | None:
    """The user as the detail and the list show it alike."""
    status, shown = await people.ask(viewer, "GET", one(owner))
    listed = (await people.ask(viewer, "GET", "/users?per_page=1000"))[1]["results"]
    if status == 404:
        assert shown == {"_error_message": "There is no such account."}
        assert owner.account_id not in [user["id"] for user in listed]
        return None
    user: dict[str, Any] = shown
    assert [each for each in listed if each["id"] == owner.account_id] == [user]
    return user
