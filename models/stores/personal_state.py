"""Applies what an account set for itself to the rows that show it: settings to its member rows, stars to rows of their own.

The log of the chat with oneself is the truth: applied twice, or out of order, its entries come to the same. Each field remembers the
entry that set it, by its key in that log, and only a later one replaces it.
"""

from datetime import datetime

from models.documents.chat_settings import NOTHING_SET, VisibleSettings, as_of
from models.documents.entry import ChatSettingsSet, Entry, Starred, entry_key
from models.stores.archived_chats import mark_newer
from models.stores.chat_rows import MEMBERS, member_key, member_of
from models.stores.database import Database, Row
from models.stores.entry_rows import ENTRIES
from models.stores.setting_rows import change_row
from models.stores.stars import Stars


class PersonalState:
    """The settings and stars of all accounts."""

    def __init__(self, database: Database) -> None:
        self._members = database.collection(MEMBERS)
        self._entries = database.collection(ENTRIES)
        self.stars = Stars(database)

    async def prepare(self) -> None:
        await self.stars.prepare()

    async def apply(self, change: Entry) -> None:
        """Bring the rows up to date with one stored change. Twice, or out of order, does no harm."""
        by = entry_key(change.chat_id, change.seq)
        match change.body:
            case ChatSettingsSet():
                await self._set(change.body, change.sender_id, by)
            case Starred(of_chat, of_seq, starred):
                await self.stars.put(change.sender_id, entry_key(of_chat, of_seq), by=by, is_starred=starred)
            case _:
                raise TypeError(f"{change.kind} changes nothing of one's own")

    async def find(self, chat_id: int, account_id: int, now: datetime) -> VisibleSettings:
        """Returns the settings of an account for a chat, as far as they are applied."""
        row = await self._members.find_one({"_id": member_key(chat_id, account_id), "spans": {"$ne": []}})
        if row is None:
            return NOTHING_SET
        await mark_newer(self._members, [row])
        member = member_of(row)
        return as_of(member.settings, now, since=member.since, read=member.read, has_newer=row["newer"])

    async def forget(self, account_id: int) -> None:
        """Remove all settings and stars of an account, and the texts of its drafts from its log."""
        drafts = {"account": account_id, "settings.draft.value.text": {"$exists": True}}
        rows = await self._members.find(drafts, {"settings.draft.by": True}).hint("drafts").to_list(None)
        for row in rows:
            await self._erase_draft(row["settings"]["draft"]["by"])
        await self._members.update_many({"account": account_id}, {"$unset": {"settings": ""}})
        await self.stars.forget(account_id)

    async def _set(self, change: ChatSettingsSet, account_id: int, by: int) -> None:
        place = {"_id": member_key(change.of_chat, account_id)}
        if "draft" in change.fields:
            await self._erase_older_draft(place, by)
        fields: Row = {}
        for name, value in change_row(change.fields).items():
            path = f"settings.{name}"
            is_newer: Row = {"$lt": [{"$ifNull": [f"${path}.by", 0]}, by]}
            fields[path] = {"$cond": [is_newer, {"$literal": {"value": value, "by": by}}, f"${path}"]}
        await self._members.update_one(place, [{"$set": fields}])

    async def _erase_older_draft(self, place: Row, by: int) -> None:
        """Erase the text of the older of two drafts of a chat from the log: what is applied, and what the entry `by` sets.

        Nobody needs it any more, and a text that was never sent should not stay. Before the row is changed, so that no crash
        in between leaves it.
        """
        row = await self._members.find_one(place, {"settings.draft": True})
        applied: int = 0 if row is None else row.get("settings", {}).get("draft", {}).get("by", 0)
        if applied and applied != by:
            await self._erase_draft(min(applied, by))

    async def _erase_draft(self, key: int) -> None:
        told = {"_id": key, "settings.draft": {"$ne": None}}
        await self._entries.update_one(told, {"$set": {"settings.draft": None}})
