"""Accounts that want no previews of the links that they send.

This is no field of the account: nodes of versions that do not know a field cannot read an account that has it.
"""

from models.stores.database import Database


class LinkPreviewRefusals:
    """One row per account that wants none."""

    def __init__(self, database: Database) -> None:
        self._refusals = database.collection("link_preview_refusals")

    async def add(self, account_id: int) -> None:
        await self._refusals.update_one({"_id": account_id}, {"$set": {"_id": account_id}}, upsert=True)

    async def has(self, account_id: int) -> bool:
        return await self._refusals.find_one({"_id": account_id}) is not None

    async def forget(self, account_id: int) -> None:
        await self._refusals.delete_one({"_id": account_id})
