"""Reads what became of messages: which are pinned in a chat, and the texts that edits gave to one."""

from models.documents.entry import Deletion, Entry, Kind, Pin, entry_key
from models.stores.database import Database, Row
from models.stores.entries import MESSAGE_CHANGES, Entries, overlay
from models.stores.entry_rows import ENTRIES

# As the partial index has it: MongoDB uses it only for what names its conditions.
_PINNED: Row = {"pin.at": {"$exists": True}}


class MessageChanges:
    """Finds messages by their changes, and changes by their message."""

    def __init__(self, database: Database, entries: Entries) -> None:
        self._rows = database.collection(ENTRIES)
        self._entries = entries

    async def list_pinned(self, chat_id: int, most: int) -> list[Entry]:
        """Returns the pinned messages of a chat as they are now, pending changes included; the last pinned one first.

        At most `most` are returned. Twice as many are looked at besides those that are being pinned: of requests at once a few may
        have passed the limit, and of the messages that are over some may not be swept yet.
        """
        # The changes first: in the other order, one that is applied between the two reads would be in neither of them.
        changes = await self._entries.list_pending(chat_id, MESSAGE_CHANGES)
        query = _PINNED | {"chat": chat_id}
        rows = (
            await self._rows.find(query)
            .hint("pinned")
            .sort([("chat", 1), ("_id", -1)])
            .limit(2 * most)
            .to_list(2 * most)
        )
        pinning = {entry_key(chat_id, change.body.of) for change in changes if isinstance(change.body, Pin)}
        missing = pinning.difference(row["_id"] for row in rows)
        if missing:
            rows += await self._rows.find({"_id": {"$in": list(missing)}}).to_list(None)
        found = overlay(rows, [self._entries.lifetimes.read(row) for row in rows], changes)
        now = map(self._entries.lifetimes.as_now, found)
        pinned = [message for message in now if message.pinned_at is not None]
        return sorted(pinned, key=lambda message: message.pin_seq, reverse=True)[:most]

    async def count_pinned(self, chat_id: int, most: int) -> int:
        """Returns how many messages of a chat are pinned, pending changes included; those that are over or deleted do not count.

        Counts no further than `most`, but for those that are being pinned.
        """
        changes = await self._entries.list_pending(chat_id, (Kind.PIN.value, Kind.DELETION.value))
        there: Row = {"deleted": {"$ne": True}, "$nor": self._entries.lifetimes.over()}
        query = _PINNED | {"chat": chat_id} | there
        rows = await self._rows.find(query, {"_id": True}).hint("pinned").limit(most).to_list(most)
        pinned = {row["_id"] for row in rows}
        for change in changes:
            match change.body:
                case Pin(of, pinned=True) if not self._entries.lifetimes.is_over(change):
                    pinned.add(entry_key(chat_id, of))
                case Pin(of) | Deletion(of):
                    pinned.discard(entry_key(chat_id, of))
        return len(pinned)

    async def list_edits(self, chat_id: int, seq: int, most: int) -> list[Entry]:
        """Returns the newest edits of a message, oldest first."""
        query = {"chat": chat_id, "of": seq, "kind": Kind.EDIT.value}
        rows = await self._rows.find(query).hint("changes").sort("_id", -1).limit(most).to_list(most)
        return [self._entries.lifetimes.read(row) for row in reversed(rows)]
