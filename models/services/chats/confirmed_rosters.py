"""Up to which entry of each log the cached roster of its chat is known to lack no change of members."""

from collections.abc import Iterable
from itertools import islice

from models.documents.entry import Entry
from models.services.chats.membership import MembershipCache

AHEAD_MAX = 1000  # entries of the queue that one confirmation looks at, a fifth of a millisecond of work
SURE_MAX = 100_000  # chats whose last announced seq is remembered, about 100 bytes each


class ConfirmedRosters:
    """Asks the database for a roster only where an entry does not follow the last one that was announced."""

    def __init__(self, memberships: MembershipCache) -> None:
        self._memberships = memberships
        self._sure: dict[int, int] = {}  # chat id -> up to this seq the roster kept here lacks no change

    def has_gap(self, entry: Entry) -> bool:
        """Returns whether a change that the cached roster lacks may lie before this entry."""
        sure = self._sure.get(entry.chat_id)
        return sure is None or entry.seq > sure + 1

    async def confirm(self, waiting: Iterable[Entry]) -> None:
        """Confirm the rosters of all chats of which one of the first entries lies behind a gap.

        What is stored now is known afterwards, so their other entries that wait need no confirmation of their own.
        """
        ends: dict[int, int] = {}
        gaps: set[int] = set()
        for entry in islice(waiting, AHEAD_MAX):
            sure = ends.get(entry.chat_id, self._sure.get(entry.chat_id))
            if sure is None or entry.seq > sure + 1:
                gaps.add(entry.chat_id)
            ends[entry.chat_id] = max(sure or 0, entry.seq)
        await self._memberships.confirm(gaps)
        for chat_id in gaps:
            self.trust(chat_id, ends[chat_id])

    def trust(self, chat_id: int, seq: int) -> None:
        """Note that the roster of a chat lacks no change up to this entry."""
        sure = self._sure.get(chat_id)
        if sure is None and len(self._sure) >= SURE_MAX:
            del self._sure[next(iter(self._sure))]
        self._sure[chat_id] = max(sure or 0, seq)

    def forget(self, chat_id: int) -> None:
        """Confirm the roster of this chat before its next entry."""
        self._sure.pop(chat_id, None)
