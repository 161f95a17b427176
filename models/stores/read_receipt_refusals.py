"""Accounts that show nobody in direct chats what they have read, and are shown it by nobody.

This is no field of the account: nodes of versions that do not know a field cannot read an account that has it.
"""

from collections.abc import Collection

from models.stores.database import Database


class ReadReceiptRefusals:
    """One row per account whose privacy setting `read_receipts` is none."""

    def __init__(self, database: Database) -> None:
        self._refusals = database.collection("read_receipt_refusals")

    async def add(self, account_id: int) -> None:
        await self._refusals.update_one({"_id": account_id}, {"$set": {"_id": account_id}}, upsert=True)

    async def forget(self, account_id: int) -> None:
        await self._refusals.delete_one({"_id": account_id})

    async def map_by_ids(self, account_ids: Collection[int]) -> dict[int, bool]:
        """Returns for each of these accounts whether it has a row."""
        rows = await self._refusals.find({"_id": {"$in": list(account_ids)}}).to_list(None)
        refusing = {row["_id"] for row in rows}
        return {account_id: account_id in refusing for account_id in account_ids}
