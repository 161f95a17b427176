"""Pins: at most one live code per number, kept as a keyed hash, with its tries counted."""

import hmac
from datetime import datetime, timedelta

from pymongo import ASCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from models.stores.database import Database

INDEXES = [
    # Clean-up alone: whether a pin still counts is judged by the clock of the server, an hour of disagreement included.
    IndexModel([("expires_at", ASCENDING)], name="clean_up", expireAfterSeconds=3600),
]


class Pins:
    """One row per number. A used pin leaves its row behind, because the wait before the next send stands in it."""

    def __init__(self, database: Database, key: bytes) -> None:
        """`key` makes the hashes useless to whoever reads the database alone; 32 random bytes or derived ones."""
        self._pins = database.collection("pins")
        self._key = key

    async def prepare(self) -> None:
        await self._pins.create_indexes(INDEXES)

    async def find_wait(self, number: str, resend_s: float, now: datetime) -> timedelta | None:
        """How long this number must wait for its next pin; None when it need not."""
        row = await self._pins.find_one({"_id": number}, {"sent_at": 1})
        if row is None:
            return None
        wait: timedelta = row["sent_at"] + timedelta(seconds=resend_s) - now
        # A wait longer than the interval means that the clock was set back since; nobody is locked out by that.
        return wait if timedelta() < wait <= timedelta(seconds=2 * resend_s) else None

    async def replace(self, number: str, pin: str, *, ttl_s: float, resend_s: float, now: datetime) -> bool:
        """Put `pin` in the place of any earlier one. False, and nothing changed, while the number has to wait.

        Of any number of calls at once, on any nodes, one succeeds.
        """
        sendable: dict[str, object] = {"_id": number}
        if resend_s:
            gap = timedelta(seconds=resend_s)
            sendable["$or"] = [{"sent_at": {"$lte": now - gap}}, {"sent_at": {"$gt": now + gap}}]
        fields = {
            "hash": self._hash(number, pin),
            "tries": 0,
            "sent_at": now,
            "expires_at": now + timedelta(seconds=ttl_s),
        }
        try:
            await self._pins.update_one(sendable, {"$set": fields}, upsert=True)
        except DuplicateKeyError:  # the row is there and not sendable, so the upsert tried to make a second one
            return False
        return True

    async def remove(self, number: str, pin: str) -> None:
        """Forget a pin that could not be sent, and the wait with it; another one sent meanwhile stays."""
        await self._pins.delete_one({"_id": number, "hash": self._hash(number, pin)})

    async def use(self, number: str, pin: str, *, tries: int, now: datetime) -> bool:
        """Whether this is the live pin of the number, which it is once.

        Each call takes one of the `tries` before it looks, so guesses in parallel get no more of them. Two calls with the
        right pin at once: one is told True.
        """
        row = await self._pins.find_one_and_update(
            {"_id": number, "hash": {"$exists": True}, "tries": {"$lt": tries}, "expires_at": {"$gt": now}},
            {"$inc": {"tries": 1}},
            return_document=ReturnDocument.AFTER,
        )
        if row is None or not hmac.compare_digest(row["hash"], self._hash(number, pin)):
            return False
        used = await self._pins.update_one({"_id": number, "hash": row["hash"]}, {"$unset": {"hash": ""}})
        return used.matched_count == 1

    def _hash(self, number: str, pin: str) -> bytes:
        """Bound to the number, so that equal pins of two people look different; a zero byte is in no number."""
        return hmac.digest(self._key, f"{number}\0{pin}".encode(), "sha256")
