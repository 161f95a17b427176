"""Languages of accounts: what its owner chose, and what its client asked for last.

They are no field of the account, whose rows and views are shown to others: the language in which somebody reads is shown to nobody else.
"""

from collections.abc import Collection

from models.languages.language import Language
from models.stores.database import Database


class Languages:
    """One row per account of which a language is known."""

    def __init__(self, database: Database) -> None:
        self._languages = database.collection("languages")

    async def choose(self, account_id: int, tag: str) -> None:
        """Store what the owner chose; an empty text for whatever the client asks for."""
        await self._languages.update_one({"_id": account_id}, {"$set": {"chosen": tag}}, upsert=True)

    async def note_asked(self, account_id: int, tag: str) -> None:
        """Store what the client asked for."""
        await self._languages.update_one({"_id": account_id}, {"$set": {"asked": tag}}, upsert=True)

    async def find_chosen(self, account_id: int) -> str:
        """Returns what the owner chose; an empty text if that is nothing."""
        row = await self._languages.find_one({"_id": account_id})
        chosen: str = "" if row is None else row.get("chosen", "")
        return chosen

    async def map_by_ids(self, account_ids: Collection[int]) -> dict[int, str]:
        """Returns the languages in which these accounts read. Those of which none is known are left out."""
        rows = await self._languages.find({"_id": {"$in": list(account_ids)}}).to_list(None)
        known = {row["_id"]: row.get("chosen") or row.get("asked") or "" for row in rows}
        return {account_id: tag for account_id, tag in known.items() if tag}

    async def map_readers(self, account_ids: Collection[int], sender_id: int | None = None) -> dict[int, Language]:
        """Returns the language of a text to each of these accounts: theirs, else the sender's, else English."""
        known = await self.map_by_ids([*account_ids, *([] if sender_id is None else [sender_id])])
        of_sender = "" if sender_id is None else known.get(sender_id, "")
        return {account_id: Language.of(known.get(account_id, ""), of_sender) for account_id in account_ids}

    async def forget(self, account_id: int) -> None:
        await self._languages.delete_one({"_id": account_id})
