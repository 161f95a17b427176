"""Sessions: one row per sign-in, found by the id that tokens carry, listed by account and by login."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime

from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument

from models.documents.session import Grant, Session
from models.stores.database import Database, Row

INDEXES = [
    IndexModel([("account_id", ASCENDING), ("last_used_at", DESCENDING)], name="of_account"),
    IndexModel([("login_id", ASCENDING), ("last_used_at", DESCENDING)], name="of_login"),
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

    async def list_by_ids(self, session_ids: Collection[str]) -> list[Session]:
        rows = await self._sessions.find({"_id": {"$in": list(session_ids)}}).to_list(None)
        return [_session(row) for row in rows]

    async def list_of(self, account_id: int, now: datetime, *, login_id: int | None = None) -> list[Session]:
        """The sessions of this account, and of the login if one is named, that are not over, the one used last first."""
        rows = await (
            self._sessions.find({**_owned(account_id, login_id), "expires_at": {"$gt": now}})
            .sort([("last_used_at", DESCENDING), ("created_at", DESCENDING)])
            .to_list(None)
        )
        return [_session(row) for row in rows]

    async def list_ids(self, *, account_id: int | None = None, login_id: int | None = None) -> list[str]:
        """The ids of all sessions of an account or of a login."""
        query = {"login_id": login_id} if account_id is None else {"account_id": account_id}
        return [row["_id"] for row in await self._sessions.find(query, {"_id": True}).to_list(None)]

    async def list_alive(self, session_ids: Collection[str], now: datetime) -> list[Session]:
        """Those of these sessions that are not over."""
        query = {"_id": {"$in": list(session_ids)}, "expires_at": {"$gt": now}}
        return [_session(row) for row in await self._sessions.find(query).to_list(None)]

    async def list_generations(self, session_ids: Collection[str], now: datetime) -> dict[str, int]:
        """Of which generation the tokens of each of these sessions are now; those that are over are left out."""
        query = {"_id": {"$in": list(session_ids)}, "expires_at": {"$gt": now}}
        rows = await self._sessions.find(query, {"grant.generation": True}).to_list(None)
        return {row["_id"]: (row.get("grant") or {}).get("generation", 0) for row in rows}

    async def renew(self, session_id: str, generation: int, grant: Grant, now: datetime) -> Session | None:
        """Put the next grant in the place of the one of `generation`; None when that is no longer the present one.

        Of any number of calls with one generation, on any nodes, one succeeds.
        """
        row = await self._sessions.find_one_and_update(
            {"_id": session_id, "grant.generation": generation},
            {"$set": {"grant": asdict(grant), "last_used_at": now}},
            return_document=ReturnDocument.AFTER,
        )
        return None if row is None else _session(row)

    async def remove(self, session_id: str, account_id: int, *, login_id: int | None = None) -> bool:
        """End a session of this account, or of the login if one is named; False when there is no such session."""
        result = await self._sessions.delete_one({"_id": session_id, **_owned(account_id, login_id)})
        return result.deleted_count == 1

    async def remove_all(self, session_ids: list[str]) -> None:
        """End these sessions, whosever they are."""
        await self._sessions.delete_many({"_id": {"$in": session_ids}})

    async def touch_all(self, session_ids: Collection[str], now: datetime, *, unless_after: datetime) -> int:
        """Note that they were used now, where that was not noted after `unless_after`; how many were written."""
        result = await self._sessions.update_many(
            {"_id": {"$in": list(session_ids)}, "last_used_at": {"$lte": unless_after}}, {"$set": {"last_used_at": now}}
        )
        return result.modified_count


def _session(row: Row) -> Session:
    fields = dict(row)
    grant = fields.pop("grant", None)
    return Session(id=fields.pop("_id"), grant=None if grant is None else Grant(**grant), **fields)


def _owned(account_id: int, login_id: int | None) -> Row:
    if login_id is None:
        return {"account_id": account_id}
    return {"$or": [{"account_id": account_id}, {"login_id": login_id}]}
