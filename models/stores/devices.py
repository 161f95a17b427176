"""Devices: whose they are, by the token that Apple gave them."""

from collections.abc import Collection
from datetime import datetime

from pymongo import ASCENDING, DESCENDING, IndexModel

from models.documents.notification import Device
from models.stores.database import Database, Row

PER_ACCOUNT_MAX = 32  # are sent to, the newest: no family has more, and nobody makes one push thousands
INDEXES = [
    IndexModel([("account", ASCENDING), ("registered_at", DESCENDING)], name="of_account"),
]


class Devices:
    """One row per token; the account that registered it last has it."""

    def __init__(self, database: Database) -> None:
        self._devices = database.collection("devices")

    async def prepare(self) -> None:
        await self._devices.create_indexes(INDEXES)

    async def append(self, device: Device) -> None:
        """Register it, anew or for the first time; from whoever had it, it is taken."""
        row = {"account": device.account_id, "session": device.session_id, "registered_at": device.registered_at}
        await self._devices.update_one({"_id": device.token}, {"$set": row}, upsert=True)

    async def remove(self, token: str, account_id: int) -> bool:
        """Forget this account's device; False when it has none with this token."""
        result = await self._devices.delete_one({"_id": token, "account": account_id})
        return result.deleted_count == 1

    async def remove_gone(self, token: str, since: datetime) -> bool:
        """Forget whosesoever device, unless it was registered after `since`; whether it was there."""
        result = await self._devices.delete_one({"_id": token, "registered_at": {"$lte": since}})
        return result.deleted_count == 1

    async def list_of(self, account_id: int) -> list[Device]:
        """The devices that an account's notifications go to, newest first."""
        query = self._devices.find({"account": account_id}).sort("registered_at", DESCENDING).limit(PER_ACCOUNT_MAX)
        return [_device(row) for row in await query.to_list(None)]

    async def list_owners(self, account_ids: Collection[int]) -> set[int]:
        """Those of these accounts that have a device."""
        rows = self._devices.find({"account": {"$in": list(account_ids)}}, {"_id": False, "account": True})
        return {row["account"] for row in await rows.to_list(None)}

    async def forget(self, account_id: int) -> None:
        """The account is removed from the network, and its devices with it."""
        await self._devices.delete_many({"account": account_id})


def _device(row: Row) -> Device:
    return Device(row["_id"], row["account"], row["session"], row["registered_at"])
