"""Sessions: one row per sign-in, found by the id that tokens carry, and listed by account and by login."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime

from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument, UpdateOne

from models.documents.session import Grant, Session
from models.stores.database import Database, Row

INDEXES = [
    IndexModel([("account_id", ASCENDING), ("last_used_at", DESCENDING)], name="of_account"),
    IndexModel([("login_id", ASCENDING), ("last_used_at", DESCENDING)], name="of_login"),
    # Only cleans up: the server's own clock decides whether a session has expired.
    IndexModel([("expires_at", ASCENDING)], name="clean_up", expireAfterSeconds=3600),
]


class Sessions:
    """The sessions of all accounts. Removing one ends it: no token brings it back."""

    def __init__(self, database: Database) -> None:
        self._sessions = database.collection("sessions")
        self._uses = database.collection("uses")  # one row per account and login, which outlives the sessions

    async def prepare(self) -> None:
        await self._sessions.create_indexes(INDEXES)

    async def append(self, session: Session) -> None:
        row = asdict(session)
        row["_id"] = row.pop("id")
        await self._sessions.insert_one(row)
        await self._note_uses({_owner(session.account_id, session.login_id)}, session.last_used_at)

    async def find(self, session_id: str) -> Session | None:
        row = await self._sessions.find_one({"_id": session_id})
        return None if row is None else _session(row)

    async def list_by_ids(self, session_ids: Collection[str]) -> list[Session]:
        rows = await self._sessions.find({"_id": {"$in": list(session_ids)}}).to_list(None)
        return [_session(row) for row in rows]

    async def list_of(self, account_id: int, now: datetime, *, login_id: int | None = None) -> list[Session]:
        """Returns the live sessions of this account, and of the login if one is named, last used first."""
        rows = await (
            self._sessions.find({**_owned(account_id, login_id), "expires_at": {"$gt": now}})
            .sort([("last_used_at", DESCENDING), ("created_at", DESCENDING)])
            .to_list(None)
        )
        return [_session(row) for row in rows]

    async def list_ids(self, *, account_id: int | None = None, login_id: int | None = None) -> list[str]:
        """Returns the ids of all sessions of an account or of a login."""
        query = {"login_id": login_id} if account_id is None else {"account_id": account_id}
        return [row["_id"] for row in await self._sessions.find(query, {"_id": True}).to_list(None)]

    async def list_alive(self, session_ids: Collection[str], now: datetime) -> list[Session]:
        """Returns those of these sessions that have not expired."""
        query = {"_id": {"$in": list(session_ids)}, "expires_at": {"$gt": now}}
        return [_session(row) for row in await self._sessions.find(query).to_list(None)]

    async def list_generations(self, session_ids: Collection[str], now: datetime) -> dict[str, int]:
        """Returns the present generation of the tokens of each of these sessions. Those that are over are left out."""
        query = {"_id": {"$in": list(session_ids)}, "expires_at": {"$gt": now}}
        rows = await self._sessions.find(query, {"grant.generation": True}).to_list(None)
        return {row["_id"]: (row.get("grant") or {}).get("generation", 0) for row in rows}

    async def renew(self, session_id: str, generation: int, grant: Grant, now: datetime) -> Session | None:
        """Store the next grant in place of the one of `generation`. Returns None if that is no longer the present one.

        Of any number of calls with one generation, on any nodes, one succeeds.
        """
        row = await self._sessions.find_one_and_update(
            {"_id": session_id, "grant.generation": generation},
            {"$set": {"grant": asdict(grant), "last_used_at": now}},
            return_document=ReturnDocument.AFTER,
        )
        return None if row is None else _session(row)

    async def remove(self, session_id: str, account_id: int, *, login_id: int | None = None) -> bool:
        """End a session of this account, or of the login if one is named. Returns False if there is no such session."""
        result = await self._sessions.delete_one({"_id": session_id, **_owned(account_id, login_id)})
        return result.deleted_count == 1

    async def remove_all(self, session_ids: list[str]) -> None:
        """End these sessions, of any account."""
        await self._sessions.delete_many({"_id": {"$in": session_ids}})

    async def touch_all(self, session_ids: Collection[str], now: datetime, *, unless_after: datetime) -> int:
        """Note that these sessions were used now, unless a use after `unless_after` is noted.

        Returns how many were written.

        The use is noted for their accounts and logins as well.
        """
        query = {"_id": {"$in": list(session_ids)}}
        rows = await self._sessions.find(query, {"account_id": True, "login_id": True}).to_list(None)
        await self._note_uses({_owner(row["account_id"], row.get("login_id")) for row in rows}, now)
        result = await self._sessions.update_many(
            {"_id": {"$in": list(session_ids)}, "last_used_at": {"$lte": unless_after}}, {"$set": {"last_used_at": now}}
        )
        return result.modified_count

    async def find_last_use(self, account_id: int, login_id: int | None) -> datetime | None:
        """Returns when a session of this account or login was last used, ended ones included; None if that is not known."""
        owners = [_owner(account_id, None), *([] if login_id is None else [_owner(None, login_id)])]
        uses = await self._uses.find({"_id": {"$in": owners}}).to_list(None)
        alive = await self._sessions.find(_owned(account_id, login_id), {"last_used_at": True}).to_list(None)
        return max([*(row["at"] for row in uses), *(row["last_used_at"] for row in alive)], default=None)

    async def forget(self, account_id: int) -> None:
        """Delete the note of when this account was used."""
        await self._uses.delete_one({"_id": _owner(account_id, None)})

    async def _note_uses(self, owners: Collection[str], at: datetime) -> None:
        if owners:
            noted = [UpdateOne({"_id": owner}, {"$max": {"at": at}}, upsert=True) for owner in owners]
            await self._uses.bulk_write(noted, ordered=False)


def _owner(account_id: int | None, login_id: int | None) -> str:
    return f"account {account_id}" if login_id is None else f"login {login_id}"


def _session(row: Row) -> Session:
    fields = dict(row)
    grant = fields.pop("grant", None)
    return Session(id=fields.pop("_id"), grant=None if grant is None else Grant(**grant), **fields)


def _owned(account_id: int, login_id: int | None) -> Row:
    if login_id is None:
        return {"account_id": account_id}
    return {"$or": [{"account_id": account_id}, {"login_id": login_id}]}
