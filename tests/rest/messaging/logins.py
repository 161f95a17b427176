"""Logins of the tests: people who come with a user name and a password, and own numbers."""

import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from models.ports import Passwords
from models.services.accounts.logins import AddLogin
from models.stores.counters import Counters
from models.stores.database import Database
from models.stores.logins import Logins
from server.auth.passwords import Argon2Passwords
from server.clock import SystemClock
from server.embedded import EmbeddedStores
from tests.support.node import Node, Person
from tests.support.stores import pool

CLIENT = "RoVMZF1EIpC2vcfGC864gr4NZsv0mJlyPlE3gtQY"
PASSWORD = "correct horse"
_count = itertools.count(1)


def new_number() -> str:
    """A number that no other test has."""
    return f"4930{next(_count):06}"


def new_name() -> str:
    return f"user {next(_count)}"


@dataclass(frozen=True)
class User:
    """A signed-in login; every call answers with (status, body)."""

    node: Node
    name: str
    access: str
    refresh: str

    async def __call__(self, method: str, path: str, **form: Any) -> tuple[int, Any]:
        """A form as the document's curl lines send it; `query_account` goes into the query."""
        query = {"account": form.pop("query_account")} if "query_account" in form else {}
        options = {"params": query, "data": form or None}
        return await self.node.rest(method, path, Person("", 0, self.access), **options)

    async def json(self, method: str, path: str, body: object) -> tuple[int, Any]:
        return await self.node.rest(method, path, Person("", 0, self.access), json=body)

    async def register(self, number: str, **form: str) -> None:
        """Create an account and prove its number."""
        status, shown = await self("POST", "/api/account/create-account/", account=number, **form)
        assert status == 201, shown
        await self.prove(number)

    async def prove(self, number: str) -> None:
        code = last_code(self.node, number)
        status, shown = await self("POST", "/api/account/register-code/", account=number, code=code)
        assert status == 200, shown

    def person(self, number: str = "", account_id: int = 0) -> Person:
        return Person(number, account_id, self.access)


@dataclass(frozen=True)
class Api:
    """A node with the means to put logins on it."""

    node: Node
    stores: EmbeddedStores

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Database]:
        async with pool.opened(self.stores.mongodb_url, self.node.settings.mongodb.database) as opened:
            yield opened

    async def add_login(self, name: str, password: str = PASSWORD) -> None:
        passwords: Passwords = Argon2Passwords()
        async with self.database() as opened:
            await AddLogin(Logins(opened, Counters(opened)), passwords, SystemClock())(name, password)

    async def token(self, **form: str) -> tuple[int, dict[str, Any]]:
        """POST /o/token/ with the default client unless the form says otherwise."""
        async with self.node.http.post(f"{self.node.url}/o/token/", data={"client_id": CLIENT, **form}) as answer:
            assert answer.headers["Cache-Control"] == "no-store"
            return answer.status, await answer.json()

    async def sign_in(self, name: str, password: str = PASSWORD) -> User:
        status, pair = await self.token(grant_type="password", username=name, password=password)
        assert status == 200, pair
        return User(self.node, name, pair["access_token"], pair["refresh_token"])

    async def new_user(self, *numbers: str) -> User:
        """A login that owns these numbers."""
        name = new_name()
        await self.add_login(name)
        user = await self.sign_in(name)
        for number in numbers:
            await user.register(number)
        return user

    async def refresh(self, user: User, **form: str) -> tuple[int, dict[str, Any]]:
        return await self.token(**{"grant_type": "refresh_token", "refresh_token": user.refresh, **form})

    async def revoke(self, **form: str) -> tuple[int, bytes]:
        async with self.node.http.post(
            f"{self.node.url}/o/revoke-token/", data={"client_id": CLIENT, **form}
        ) as answer:
            return answer.status, await answer.read()


def last_sent(node: Node, number: str) -> dict[str, str]:
    """The message with a code that went to this number last."""
    lines = (node.settings.data_dir / node.settings.sms.outbox).read_text().splitlines()
    sent: dict[str, str] = next(sent for sent in map(json.loads, reversed(lines)) if sent["to"] == "+" + number)
    return sent


def last_code(node: Node, number: str) -> str:
    return last_sent(node, number)["code"]
