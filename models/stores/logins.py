"""Logins: one row per user name."""

from datetime import datetime

from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from models.documents.login import Login
from models.stores.counters import Counters
from models.stores.database import Database, Row

INDEXES = [IndexModel([("name", ASCENDING)], unique=True, name="name")]


class Logins:
    """The users of OAuth. Ids come from a counter, so that a name that is used again owns nothing of the former login."""

    def __init__(self, database: Database, counters: Counters) -> None:
        self._logins = database.collection("logins")
        self._counters = counters

    async def prepare(self) -> None:
        await self._logins.create_indexes(INDEXES)

    async def find_by_name(self, name: str) -> Login | None:
        row = await self._logins.find_one({"name": name})
        return None if row is None else _login(row)

    async def exists(self, login_id: int) -> bool:
        return await self._logins.find_one({"_id": login_id}, {"_id": True}) is not None

    async def append(self, name: str, password_hash: str, now: datetime) -> Login | None:
        """Add a login. Returns None, and changes nothing, if the name is taken."""
        login = Login(await self._counters.next_id("logins"), name, password_hash, now)
        row = {"_id": login.id, "name": name, "password_hash": password_hash, "created_at": now}
        try:
            await self._logins.insert_one(row)
        except DuplicateKeyError:
            return None
        return login

    async def replace_password(self, login_id: int, password_hash: str, *, former: str | None = None) -> bool:
        """Store another hash, with `former` only in place of that one. Returns whether it was stored."""
        query = {"_id": login_id} if former is None else {"_id": login_id, "password_hash": former}
        result = await self._logins.update_one(query, {"$set": {"password_hash": password_hash}})
        return result.matched_count == 1

    async def remove(self, login_id: int) -> bool:
        result = await self._logins.delete_one({"_id": login_id})
        return result.deleted_count == 1


def _login(row: Row) -> Login:
    fields = dict(row)
    return Login(id=fields.pop("_id"), **fields)
