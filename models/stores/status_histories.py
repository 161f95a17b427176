"""Status histories: the status messages of each account, newest first, in one row per account."""

from models.documents.account import StatusChange
from models.documents.plain_line import one_line
from models.stores.database import Database

HISTORY_MAX = 200  # the API has no pages here


class StatusHistories:
    """The latest HISTORY_MAX status messages of each account."""

    def __init__(self, database: Database) -> None:
        self._histories = database.collection("status_histories")

    async def append(self, account_id: int, change: StatusChange) -> None:
        entry = {"text": change.text, "at": change.at}
        await self._histories.update_one(
            {"_id": account_id},
            {"$push": {"entries": {"$each": [entry], "$position": 0, "$slice": HISTORY_MAX}}},
            upsert=True,
        )

    async def list_of(self, account_id: int) -> list[StatusChange]:
        row = await self._histories.find_one({"_id": account_id})
        return [] if row is None else [StatusChange(one_line(entry["text"]), entry["at"]) for entry in row["entries"]]

    async def forget(self, account_id: int) -> None:
        await self._histories.delete_one({"_id": account_id})
