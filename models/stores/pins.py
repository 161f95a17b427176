"""Codes: at most one live code per number and purpose, stored as a keyed hash; and the addresses that a number is known from."""

import hmac
from datetime import datetime, timedelta

from pymongo import ASCENDING, IndexModel

from models.stores.database import Database

INDEXES = [
    # Only cleans up, an hour late: the server's own clock decides whether a code has expired.
    IndexModel([("expires_at", ASCENDING)], name="clean_up", expireAfterSeconds=3600),
]


class Pins:
    """One row per number and purpose, and one per number and address.

    A code is good only for the purpose that it was sent for: one API's is worth nothing on the other, nor one login's to
    another. Guesses are counted elsewhere, and do nothing to the code.
    """

    def __init__(self, database: Database, key: bytes) -> None:
        """`key` makes the hashes useless to readers of the database: 32 random bytes, or derived ones."""
        self._pins = database.collection("pins")
        self._networks = database.collection("pin_networks")
        self._key = key

    async def prepare(self) -> None:
        await self._pins.create_indexes(INDEXES)
        await self._networks.create_indexes(INDEXES)

    async def replace(self, number: str, purpose: str, pin: str, *, ttl_s: float, now: datetime) -> None:
        """Store a code in place of any earlier one for the same purpose."""
        fields = {"hash": self._hash(number, purpose, pin), "expires_at": now + timedelta(seconds=ttl_s)}
        await self._pins.update_one({"_id": _id(number, purpose)}, {"$set": fields}, upsert=True)

    async def remove(self, number: str, purpose: str, pin: str) -> None:
        """Delete a code that could not be sent, but not another one that was sent meanwhile."""
        await self._pins.delete_one({"_id": _id(number, purpose), "hash": self._hash(number, purpose, pin)})

    async def is_right(self, number: str, purpose: str, pin: str, now: datetime) -> bool:
        """Returns whether this is the live code. Does equal work if there is none."""
        row = await self._pins.find_one({"_id": _id(number, purpose), "expires_at": {"$gt": now}})
        given = self._hash(number, purpose, pin)
        stored = b"" if row is None else row["hash"]
        return hmac.compare_digest(stored, given)

    async def use(self, number: str, purpose: str, pin: str, now: datetime) -> bool:
        """Use up a code. Returns whether it was the live one; of two calls at once only one returns True."""
        live = {"_id": _id(number, purpose), "hash": self._hash(number, purpose, pin), "expires_at": {"$gt": now}}
        result = await self._pins.delete_one(live)
        return result.deleted_count == 1

    async def note_network(self, number: str, network: str, until: datetime) -> None:
        """Note that a code for this number was requested, or the number proved, from this network."""
        query = {"_id": self._hash(number, "network", network)}
        await self._networks.update_one(query, {"$max": {"expires_at": until}}, upsert=True)

    async def knows_network(self, number: str, network: str, now: datetime) -> bool:
        """Returns whether this network is noted for the number, and not expired."""
        query = {"_id": self._hash(number, "network", network), "expires_at": {"$gt": now}}
        return await self._networks.find_one(query, {"_id": True}) is not None

    def _hash(self, number: str, purpose: str, text: str) -> bytes:
        """Returns a keyed hash that is bound to the number, so that equal codes of two numbers differ.

        No number has a zero byte.
        """
        return hmac.digest(self._key, f"{number}\0{purpose}\0{text}".encode(errors="replace"), "sha256")


def _id(number: str, purpose: str) -> str:
    return f"{purpose} {number}"
