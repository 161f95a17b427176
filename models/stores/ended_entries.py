"""Takes from the log what messages said whose time is over: from their rows, and from those of their changes.

The rows stay, with their numbers and client ids. What has a time of its own is in the index `expiring` until all of it is gone, so
whatever a crash leaves half-done is found again. For what is older than the server keeps messages, see retention.py.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from models.documents.entry import Kind, entry_key
from models.documents.media import media_named
from models.stores.database import Database, Row
from models.stores.entry_rows import ENTRIES, GONE_FIELDS

# By the kind of a change: what its row says of the message, as it is without that.
_SILENCED: Mapping[str, Row] = {
    Kind.EDIT.value: {"text": "", "mentions": []},
    Kind.PREVIEW.value: {"preview": None},
    Kind.REACTION.value: {"emoji": None},
    Kind.VOTE.value: {"options": []},
}
# What somebody kept for itself, when its account is removed.
_KEPT: Mapping[str, Row] = {
    Kind.SETTINGS.value: {"of_chat": 0, "settings": {}},
    Kind.STAR.value: {"of_chat": 0, "of_seq": 0},
}
WORDS_CHANGES = (Kind.EDIT.value, Kind.PREVIEW.value, Kind.VOTE.value)
ALL_CHANGES = tuple(_SILENCED)


class EndedEntries:
    """Rows of the log that are over."""

    def __init__(self, database: Database) -> None:
        self._entries = database.collection(ENTRIES)

    async def list_expired(self, now: datetime, limit: int, *, skip: int = 0) -> list[int]:
        """Returns keys of messages and changes whose time is over and that are not settled, those that have waited longest first.

        The first `skip` of these are left out.
        """
        query = {"expires_at": {"$lte": now}}
        cursor = self._entries.find(query, {"_id": True}).hint("expiring").sort("expires_at", 1).skip(skip).limit(limit)
        return [row["_id"] for row in await cursor.to_list(limit)]

    async def list_of_log(self, chat_id: int, first: int, limit: int) -> list[int]:
        """Returns the keys of the next entries of a log, from this seq on."""
        keys = {"$gte": entry_key(chat_id, first), "$lt": entry_key(chat_id + 1, 0)}
        rows = await self._entries.find({"_id": keys}, {"_id": True}).sort("_id", 1).limit(limit).to_list(limit)
        return [row["_id"] for row in rows]

    async def erase(self, keys: Collection[int]) -> set[str]:
        """Take the content from these messages, with their changes, and from these changes and settings. Twice does no harm.

        Returns the names of files that may be unused now. The messages go first: a change that is applied later finds that its
        message is gone, and says nothing either.
        """
        query = {"_id": {"$in": list(keys)}}
        rows = await self._entries.find(query, {"kind": True, "chat": True, "url": True, "media": True}).to_list(None)
        messages = [row for row in rows if row["kind"] == Kind.MESSAGE.value]
        seqs: dict[int, list[int]] = {}
        for row in messages:
            seqs.setdefault(row["chat"], []).append(row["_id"] - entry_key(row["chat"], 0))
        gone = {name: "" for name in GONE_FIELDS if name != "media"}  # which `settle` removes, when the file is gone
        if messages:
            of = {"_id": {"$in": [row["_id"] for row in messages]}}
            await self._entries.update_many(of, {"$set": {"deleted": True}, "$unset": gone})
        files = {row.get("media") or media_named(row.get("url", "")) for row in rows}
        found = {name for name in files if name is not None} | await self.erase_changes(seqs, ALL_CHANGES)
        await self._silence(rows)
        return found

    async def settle(self, keys: Collection[int]) -> None:
        """Note that nothing is left of what these rows said."""
        done: Row = {"$rename": {"expires_at": "expired_at"}, "$unset": {"media": ""}}
        await self._entries.update_many({"_id": {"$in": list(keys)}}, done)

    async def erase_changes(self, of: Mapping[int, Collection[int]], kinds: Sequence[str]) -> set[str]:
        """Take the content from the changes of these kinds of messages: chat id -> seqs. Returns the names of their pictures."""
        if not of:
            return set()
        either = [
            {"chat": chat_id, "of": {"$in": list(seqs)}, "kind": {"$in": list(kinds)}} for chat_id, seqs in of.items()
        ]
        changes = self._entries.find({"$or": either}, {"kind": True, "media": True}).hint("changes")
        rows = await changes.to_list(None)
        await self._silence(rows)
        pictures = [row["_id"] for row in rows if "media" in row]
        if pictures:
            await self._entries.update_many({"_id": {"$in": pictures}}, {"$unset": {"media": ""}})
        return {row["media"] for row in rows if "media" in row}

    async def _silence(self, changes: Collection[Row]) -> None:
        for kind, silenced in (*_SILENCED.items(), *_KEPT.items()):
            keys = [row["_id"] for row in changes if row["kind"] == kind]
            if keys:
                await self._entries.update_many({"_id": {"$in": keys}}, {"$set": silenced})
