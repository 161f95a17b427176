"""The queue of notifications: what is to be delivered, which node delivers it, and what was delivered already.

A row is open while it has `due`, the time from which any node may take it. Taking it moves `due` to the end of a lease, so
if the node dies another one takes over. A node that finishes a row or puts it back names its lease, and is ignored if
another node has the row by then. Finished rows stay for a while, without `due`, so that their keys are not queued again.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from pymongo import ASCENDING, IndexModel

from models.documents.notification import Notification, Sms
from models.stores.database import Database, Row, insert_missing

KEPT_FOR = timedelta(days=7)  # how long a finished row stays: longer than any call that may have failed is repeated
Kind = Literal["push", "text"]
PUSH: Kind = "push"
TEXT: Kind = "text"
DELIVERED = "delivered"  # the outcome that `was_replaced` looks for
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
INDEXES = [
    # Holds open rows only, so that taking does not become slower by what was delivered.
    IndexModel(
        [("kind", ASCENDING), ("due", ASCENDING)], name="due", partialFilterExpression={"due": {"$exists": True}}
    ),
    IndexModel(
        [("account", ASCENDING), ("collapse", ASCENDING), ("at", ASCENDING)],
        name="newest",
        partialFilterExpression={"collapse": {"$exists": True}},
    ),
    IndexModel([("expires_at", ASCENDING)], name="clean_up", expireAfterSeconds=0),
    # Open rows about messages that have a time at which they are gone.
    IndexModel([("until", ASCENDING)], name="until", sparse=True),
]
# What a finished row no longer has.
_SAYING = ("due", "lease", "done", "alert", "unquoted", "data", "phone", "body", "until")


@dataclass(frozen=True, slots=True)
class Taken:
    """A row that this node holds until `until`. `done` are the tokens of devices that need no further attempt."""

    what: Notification | Sms
    lease: str
    until: datetime
    attempts: int  # this one included
    done: frozenset[str]


class Notifications:
    """Rows by key. Several nodes may take rows at once; no row is with two of them."""

    def __init__(self, database: Database) -> None:
        self._rows = database.collection("notifications")

    async def prepare(self) -> None:
        await self._rows.create_indexes(INDEXES)

    async def append(self, queued: Collection[Notification | Sms]) -> None:
        """Queue those notifications whose key has no row yet, delivered or not."""
        await insert_missing(self._rows, [_row(each) for each in queued])

    async def list_known(self, keys: Collection[str]) -> set[str]:
        """Returns those of these keys that have a row, open or finished."""
        rows = await self._rows.find({"_id": {"$in": list(keys)}}, {"_id": True}).to_list(None)
        return {row["_id"] for row in rows}

    async def take(self, kind: Kind, now: datetime, lease_for: timedelta, limit: int) -> list[Taken]:
        """Take up to `limit` open rows, longest due first. No other node gets them until the lease ends."""
        is_due = {"kind": kind, "due": {"$lte": now}}
        found = await self._rows.find(is_due, {"_id": True}).sort("due", ASCENDING).limit(limit).to_list(None)
        keys = [row["_id"] for row in found]
        if not keys:
            return []
        lease, until = secrets.token_hex(8), now + lease_for
        await self._rows.update_many(
            {"_id": {"$in": keys}, "due": {"$lte": now}},
            {"$set": {"due": until, "lease": lease}, "$inc": {"attempts": 1}},
        )
        rows = await self._rows.find({"_id": {"$in": keys}, "lease": lease}).to_list(None)
        return sorted((_taken(row, until) for row in rows), key=lambda taken: taken.what.at)

    async def find_next_due(self, kind: Kind) -> datetime | None:
        """Returns when the first open row is due, or None if there is none."""
        query = {"kind": kind, "due": {"$gt": BEGINNING}}
        rows = await self._rows.find(query, {"due": True}).sort("due", ASCENDING).limit(1).to_list(1)
        due: datetime | None = rows[0]["due"] if rows else None
        return due

    async def was_replaced(self, notification: Notification) -> bool:
        """Returns whether a newer notification that replaces this one on the screen was delivered already."""
        if notification.collapse is None:
            return False
        newer = {
            "account": notification.account_id,
            "collapse": notification.collapse,
            "at": {"$gt": notification.at},
            "outcome": DELIVERED,
        }
        return await self._rows.find_one(newer, {"_id": True}) is not None

    async def mark_done(self, taken: Taken, token: str) -> None:
        """Note that this device needs no further attempt. The row stays open for the others."""
        await self._rows.update_one({"_id": taken.what.key, "lease": taken.lease}, {"$addToSet": {"done": token}})

    async def finish(self, taken: Taken, outcome: str, now: datetime) -> None:
        """Finish a row, and delete its texts and addressees from it. `outcome` is for people who read the rows."""
        await self._rows.update_one(
            {"_id": taken.what.key, "lease": taken.lease},
            {
                "$set": {"outcome": outcome, "finished_at": now, "expires_at": now + KEPT_FOR},
                # Neither the words nor the addressee are kept.
                "$unset": dict.fromkeys(_SAYING, ""),
            },
        )

    async def drop_over(self, now: datetime) -> None:
        """Finish open rows that tell of a message which is over by now, wherever they are, and delete their texts."""
        over = {"outcome": "its message is over", "finished_at": now, "expires_at": now + KEPT_FOR}
        until = {"until": {"$lte": now}}
        await self._rows.update_many(until, {"$set": over, "$unset": dict.fromkeys(_SAYING, "")}, hint="until")

    async def put_back(self, taken: Taken, due: datetime, done: Collection[str] = ()) -> None:
        """Put a row back, to be tried again from `due` on for all devices that are not done."""
        await self._rows.update_one(
            {"_id": taken.what.key, "lease": taken.lease},
            {"$set": {"due": due}, "$unset": {"lease": ""}, "$addToSet": {"done": {"$each": list(done)}}},
        )


def _row(queued: Notification | Sms) -> Row:
    row: Row = {"_id": queued.key, "at": queued.at, "due": queued.at, "attempts": 0}
    if isinstance(queued, Sms):
        return row | {"kind": TEXT, "phone": queued.phone_text, "body": queued.body}
    if queued.collapse is not None:
        row["collapse"] = queued.collapse
    if queued.unquoted is not None:
        row["unquoted"] = queued.unquoted
    if queued.until is not None:
        row["until"] = queued.until
    return row | {
        "kind": PUSH,
        "account": queued.account_id,
        "alert": queued.alert,
        "type": queued.type,
        # As pairs, since callers choose the names, which may hold dots and dollars.
        "data": [[name, value] for name, value in queued.data.items()],
    }


def _taken(row: Row, until: datetime) -> Taken:
    what: Notification | Sms
    if row["kind"] == TEXT:
        what = Sms(row["_id"], row["phone"], row["body"], row["at"])
    else:
        what = Notification(
            row["_id"],
            row["account"],
            row["alert"],
            row["type"],
            row["at"],
            dict(row["data"]),
            row.get("collapse"),
            row.get("unquoted"),
            row.get("until"),
        )
    return Taken(what, row["lease"], until, row["attempts"], frozenset(row.get("done", ())))
