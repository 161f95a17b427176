"""Devices: one row per token that Apple gave to a device, with the account that registered it last."""

from collections.abc import Collection
from datetime import datetime

from pymongo import ASCENDING, DESCENDING, IndexModel

from models.documents.notification import Device
from models.stores.database import Database, Row

PER_ACCOUNT_MAX = 32  # devices that a push goes to, the newest: enough for a family, and no push becomes thousands
INDEXES = [
    IndexModel([("account", ASCENDING), ("registered_at", DESCENDING)], name="of_account"),
]


class Devices:
    """All devices."""

    def __init__(self, database: Database) -> None:
        self._devices = database.collection("devices")

    async def prepare(self) -> None:
        await self._devices.create_indexes(INDEXES)

    async def append(self, device: Device) -> None:
        """Register a device, and take it from the account that had it before."""
        row = {"account": device.account_id, "session": device.session_id, "registered_at": device.registered_at}
        await self._devices.update_one({"_id": device.token}, {"$set": row}, upsert=True)

    async def remove(self, token: str, account_id: int) -> bool:
        """Delete this account's device. Returns False if it has none with this token."""
        result = await self._devices.delete_one({"_id": token, "account": account_id})
        return result.deleted_count == 1

    async def remove_gone(self, token: str, since: datetime) -> bool:
        """Delete a device of any account, unless it was registered after `since`. Returns whether it was deleted."""
        result = await self._devices.delete_one({"_id": token, "registered_at": {"$lte": since}})
        return result.deleted_count == 1

    async def list_of(self, account_id: int) -> list[Device]:
        """Returns the devices that an account's notifications go to, newest first."""
        query = self._devices.find({"account": account_id}).sort("registered_at", DESCENDING).limit(PER_ACCOUNT_MAX)
        return [_device(row) for row in await query.to_list(None)]

    async def list_owners(self, account_ids: Collection[int]) -> set[int]:
        """Returns those of these accounts that have a device."""
        rows = self._devices.find({"account": {"$in": list(account_ids)}}, {"_id": False, "account": True})
        return {row["account"] for row in await rows.to_list(None)}

    async def forget(self, account_id: int) -> None:
        """Delete the devices of an account that is removed."""
        await self._devices.delete_many({"account": account_id})


def _device(row: Row) -> Device:
    return Device(row["_id"], row["account"], row["session"], row["registered_at"])
