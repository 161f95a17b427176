"""Sessions: one row per sign-in, found by the id that tokens carry, listed by account."""

from dataclasses import asdict
from datetime import datetime

from pymongo import ASCENDING, DESCENDING, IndexModel

from models.documents.session import Session
from models.stores.database import Database, Row

INDEXES = [
    IndexModel([("account_id", ASCENDING), ("last_used_at", DESCENDING)], name="of_account"),
    # Clean-up alone: whether a session is over is judged by the clock of the server.
    IndexModel([("expires_at", ASCENDING)], name="clean_up", expireAfterSeconds=3600),
]


class Sessions:
    """The sign-ins of all accounts. A removed session is over: no token brings it back."""

    def __init__(self, database: Database) -> None:
        self._sessions = database.collection("sessions")

    async def prepare(self) -> None:
        await self._sessions.create_indexes(INDEXES)

    async def append(self, session: Session) -> None:
        row = asdict(session)
        row["_id"] = row.pop("id")
        await self._sessions.insert_one(row)

    async def find(self, session_id: str) -> Session | None:
        row = await self._sessions.find_one({"_id": session_id})
        return None if row is None else _session(row)

    async def list_of(self, account_id: int, now: datetime) -> list[Session]:
        """The sessions of this account that are not over, the one used last first."""
        rows = await (
            self._sessions.find({"account_id": account_id, "expires_at": {"$gt": now}})
            .sort([("last_used_at", DESCENDING), ("created_at", DESCENDING)])
            .to_list(None)
        )
        return [_session(row) for row in rows]

    async def remove(self, session_id: str, account_id: int) -> bool:
        """End a session of this account; False when it has no such session."""
        result = await self._sessions.delete_one({"_id": session_id, "account_id": account_id})
        return result.deleted_count == 1

    async def touch(self, session_id: str, now: datetime, *, unless_after: datetime) -> bool:
        """Note that it was used now, unless that was noted after `unless_after`; whether it was written."""
        result = await self._sessions.update_one(
            {"_id": session_id, "last_used_at": {"$lte": unless_after}}, {"$set": {"last_used_at": now}}
        )
        return result.modified_count == 1


def _session(row: Row) -> Session:
    fields = dict(row)
    return Session(id=fields.pop("_id"), **fields)
