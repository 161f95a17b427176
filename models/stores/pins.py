"""Pins: at most one live code per number and purpose, kept as a keyed hash; and the addresses that a number is known from."""

import hmac
from datetime import datetime, timedelta

from pymongo import ASCENDING, IndexModel

from models.stores.database import Database

INDEXES = [
    # Clean-up alone: whether a pin still counts is judged by the clock of the server, an hour of disagreement included.
    IndexModel([("expires_at", ASCENDING)], name="clean_up", expireAfterSeconds=3600),
]


class Pins:
    """One row per number and purpose, and one per number and address.

    A code is good for the purpose alone for which it was sent: that of one API is worth nothing on the other, and that of one
    login nothing to another. How often it may be guessed at is counted elsewhere; no guess does anything to the code.
    """

    def __init__(self, database: Database, key: bytes) -> None:
        """`key` makes the hashes useless to whoever reads the database alone; 32 random bytes or derived ones."""
        self._pins = database.collection("pins")
        self._networks = database.collection("pin_networks")
        self._key = key

    async def prepare(self) -> None:
        await self._pins.create_indexes(INDEXES)
        await self._networks.create_indexes(INDEXES)

    async def replace(self, number: str, purpose: str, pin: str, *, ttl_s: float, now: datetime) -> None:
        """Put `pin` in the place of any earlier one for the same purpose."""
        fields = {"hash": self._hash(number, purpose, pin), "expires_at": now + timedelta(seconds=ttl_s)}
        await self._pins.update_one({"_id": _id(number, purpose)}, {"$set": fields}, upsert=True)

    async def remove(self, number: str, purpose: str, pin: str) -> None:
        """Forget a pin that could not be sent; another one sent meanwhile stays."""
        await self._pins.delete_one({"_id": _id(number, purpose), "hash": self._hash(number, purpose, pin)})

    async def is_right(self, number: str, purpose: str, pin: str, now: datetime) -> bool:
        """Whether this is the live pin; the same work is done where there is none."""
        row = await self._pins.find_one({"_id": _id(number, purpose), "expires_at": {"$gt": now}})
        given = self._hash(number, purpose, pin)
        stored = b"" if row is None else row["hash"]
        return hmac.compare_digest(stored, given)

    async def use(self, number: str, purpose: str, pin: str, now: datetime) -> bool:
        """Whether this is the live pin, which it is once: of two calls at the same moment one is told True."""
        live = {"_id": _id(number, purpose), "hash": self._hash(number, purpose, pin), "expires_at": {"$gt": now}}
        result = await self._pins.delete_one(live)
        return result.deleted_count == 1

    async def note_network(self, number: str, network: str, until: datetime) -> None:
        """Somebody there asked for a code for this number, or proved it."""
        query = {"_id": self._hash(number, "network", network)}
        await self._networks.update_one(query, {"$max": {"expires_at": until}}, upsert=True)

    async def knows_network(self, number: str, network: str, now: datetime) -> bool:
        """Whether that was noted, and still counts."""
        query = {"_id": self._hash(number, "network", network), "expires_at": {"$gt": now}}
        return await self._networks.find_one(query, {"_id": True}) is not None

    def _hash(self, number: str, purpose: str, text: str) -> bytes:
        """Bound to the number, so that equal pins of two people look different; a zero byte is in no number."""
        return hmac.digest(self._key, f"{number}\0{purpose}\0{text}".encode(errors="replace"), "sha256")


def _id(number: str, purpose: str) -> str:
    return f"{purpose} {number}"
