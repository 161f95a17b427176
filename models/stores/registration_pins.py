"""Registration PINs: the second secret that an account may have besides codes, stored as an argon2 hash."""

from datetime import datetime

from models.stores.database import Database


class RegistrationPins:
    """One row per account that has one."""

    def __init__(self, database: Database) -> None:
        self._pins = database.collection("registration_pins")

    async def find_hash(self, account_id: int) -> str | None:
        row = await self._pins.find_one({"_id": account_id})
        return None if row is None else str(row["hash"])

    async def replace(self, account_id: int, pin_hash: str, now: datetime) -> None:
        """Store this hash in place of any earlier one."""
        await self._pins.update_one({"_id": account_id}, {"$set": {"hash": pin_hash, "set_at": now}}, upsert=True)

    async def forget(self, account_id: int) -> None:
        await self._pins.delete_one({"_id": account_id})
