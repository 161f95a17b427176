"""Looks once more at the message of which a push tells, right before it goes out: it may have waited for hours."""

from collections.abc import Collection
from dataclasses import replace

from models.documents.entry import Entry
from models.documents.notification import MESSAGE, Notification
from models.services.runtime.batch_loader import Batched
from models.stores.entries import Entries

AT_ONCE = 200  # messages of one query; those who are told of the same message ask for it together
A_MESSAGE = "A new message"


class AsItStands:
    """What was deleted meanwhile is told to nobody, and what was edited is not quoted: who is told may not see the new words."""

    def __init__(self, entries: Entries) -> None:
        self._entries = entries
        self._find: Batched[tuple[int, int], Entry] = Batched(self._read, at_once=AT_ONCE)

    async def __call__(self, notification: Notification) -> Notification | None:
        """Return the notification as it may be shown now; None when there is nothing left to tell."""
        if notification.type != MESSAGE:
            return notification
        chat_id, seq = notification.data.get("chat"), notification.data.get("seq")
        if not isinstance(chat_id, int) or not isinstance(seq, int):
            return notification
        message = await self._find((chat_id, seq))
        if message is None or message.is_deleted:
            return None
        return replace(notification, alert=notification.unquoted or A_MESSAGE) if message.edit_seq else notification

    async def _read(self, places: Collection[tuple[int, int]]) -> dict[tuple[int, int], Entry]:
        return {(entry.chat_id, entry.seq): entry for entry in await self._entries.list_at(places)}
