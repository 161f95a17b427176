"""People who talk over REST and sockets on one whole node, and a hand on the node's database."""

import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from models.documents.entry import entry_key, split_key
from models.stores.database import Database
from server.embedded import EmbeddedStores
from tests.support.node import Device, Node, Person, running_node, settings_for
from tests.support.stores import pool

EARLIER = datetime(2026, 1, 1, 10, 0, tzinfo=UTC)


@dataclass
class Talk:
    """A node with its database. Everybody is new in each test, so that one node serves a whole module."""

    node: Node
    database: Database
    _numbers: Any = field(default_factory=lambda: itertools.count(4930901000))

    async def people(self, count: int = 2) -> list[Person]:
        """New people who have each other as contacts."""
        people = [await self.stranger() for _ in range(count)]
        await self.node.befriend(*people)
        return people

    async def stranger(self) -> Person:
        return await self.node.sign_in(str(next(self._numbers)))

    async def get(self, path: str, person: Person, **options: Any) -> Any:
        """The body of an answer that is 200."""
        status, body = await self.node.rest("GET", path, person, **options)
        assert status == 200, body
        return body

    async def post(self, path: str, person: Person, **form: object) -> Any:
        """The same for a form."""
        status, body = await self.node.rest("POST", path, person, data=form)
        assert status == 200, body
        return body

    async def refused(self, path: str, person: Person, **form: object) -> tuple[int, str]:
        """The status and the code of a refusal in this API's shape."""
        status, body = await self.node.rest("POST", path, person, data=form)
        assert set(body) >= {"error", "code"}, body
        assert isinstance(body["error"], str)
        assert body["error"]
        return status, body["code"]

    async def send(self, sender: Person, to: Person | str, text: str = "hi") -> dict[str, Any]:
        """A text, to a person or to a group's id."""
        target = {"group_id": to} if isinstance(to, str) else {"contact": to.number}
        sent: dict[str, Any] = await self.post("/api/messages/send-message/", sender, message=text, **target)
        return sent

    async def listed(self, reader: Person, other: Person | str, **query: str) -> list[dict[str, Any]]:
        target = other if isinstance(other, str) else other.number
        body = await self.get(f"/api/messages/chats/{target}/", reader, params=query)
        assert set(body) - {"next"} == {"messages", "more"}
        found: list[dict[str, Any]] = body["messages"]
        return found

    async def texts(self, reader: Person, other: Person | str, **query: str) -> list[str]:
        return [message["text"] for message in await self.listed(reader, other, **query)]

    async def receipts(self, name: str, sender: Person, other: Person, **query: str) -> list[str]:
        """The ids in the delivered or the read list."""
        body = await self.get(f"/api/messages/{name}/{other.number}/", sender, params=query)
        for message in body["messages"]:
            assert set(message) == {"id", name}
        return [message["id"] for message in body["messages"]]

    async def group(self, founder: Person, *others: Person) -> str:
        body = {"subject": "Chess", "participants": [other.number for other in others]}
        status, made = await self.node.rest("POST", "/api/groups/create-group/", founder, json=body)
        assert status == 201, made
        group: str = made["groupid"]
        return group

    async def block(self, blocker: Person, blocked: Person) -> None:
        """To be done before the node has heard of the blocker: it remembers for a while who is blocked."""
        await self.database.raw["accounts"].update_one(
            {"_id": blocker.account_id}, {"$addToSet": {"blocked": blocked.number}}
        )

    async def date(self, *sent: dict[str, Any]) -> None:
        """Put messages a minute apart, from EARLIER on."""
        for minute, message in enumerate(sent):
            at = EARLIER + timedelta(minutes=minute)
            await self.database.raw["entries"].update_one({"_id": int(message["id"], 16)}, {"$set": {"at": at}})
            assert split_key(int(message["id"], 16))[1] == message["seq"]

    async def unapply(self, chat: int, *texts: str) -> None:
        """As a crash leaves it: the changes of a chat are stored, and its messages are as they were."""
        entries = self.database.raw["entries"]
        await entries.update_many({"chat": chat, "kind": {"$ne": "message"}}, {"$set": {"pending": True}})
        for seq, text in enumerate(texts, 1):
            changes = {"edited_at": "", "edit_seq": "", "deleted": ""}
            await entries.update_one({"_id": entry_key(chat, seq)}, {"$set": {"text": text}, "$unset": changes})

    async def date_reads(self, chat: int, *minutes: int) -> None:
        """Let the read marks of a chat be as old as messages of `date`, in the order of their seqs."""
        rows = await self.database.raw["read_dates"].find({"chat": chat}).sort("upto", 1).to_list(None)
        for row, minute in zip(rows, minutes, strict=True):
            at = EARLIER + timedelta(minutes=minute)
            await self.database.raw["read_dates"].update_one({"_id": row["_id"]}, {"$set": {"at": at}})

    async def device(self, person: Person, *namespaces: str) -> Device:
        return await self.node.connect(person, *namespaces)


@asynccontextmanager
async def open_talk(stores: EmbeddedStores, folder: Path, **sections: Mapping[str, Any]) -> AsyncIterator[Talk]:
    """A node for a module of tests."""
    settings = settings_for(folder, **sections)
    async with (
        running_node(stores, settings) as node,
        pool.opened(stores.mongodb_url, settings.mongodb.database) as database,
    ):
        yield Talk(node, database)
