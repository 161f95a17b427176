"""Keeps the drafts of an account together within their limit, those included that are not applied yet."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from models.documents.chat_settings import DRAFTS_MAX_CHARS
from models.documents.entry import ChatSettingsSet, Kind, Stored
from models.errors import TooLong
from models.stores.entries import Entries
from models.stores.members import Members


@dataclass(slots=True, eq=False)
class _Coming:
    """A draft that is on its way into the log."""

    chat_id: int
    chars: int

    @classmethod
    def of(cls, change: ChatSettingsSet) -> "_Coming":
        return cls(change.of_chat, len(change.text or ""))


@dataclass(frozen=True, slots=True)
class DraftRoom:
    """Admits drafts as long as there is room. Of several of one chat that are not applied yet, the longest counts."""

    members: Members
    entries: Entries
    _coming: dict[int, list[_Coming]] = field(default_factory=dict)  # by account

    async def append(
        self, account_id: int, own_id: int, draft: ChatSettingsSet, append: Callable[[], asyncio.Future[Stored]]
    ) -> asyncio.Future[Stored]:
        """Append a draft by `append`. Raises TooLong if the drafts of the account would be too long together."""
        mine = _Coming.of(draft)
        coming = self._coming.setdefault(account_id, [])
        before = [*coming, mine]
        coming.append(mine)  # at once, so that whoever asks meanwhile counts it

        def leave(_: object = None) -> None:
            coming.remove(mine)
            if not coming and self._coming.get(account_id) is coming:
                del self._coming[account_id]

        try:
            await self._require_room(account_id, own_id, before)
            stored = append()
        except BaseException:
            leave()
            raise
        stored.add_done_callback(leave)
        return stored

    async def _require_room(self, account_id: int, own_id: int, coming: Sequence[_Coming]) -> None:
        # In the order in which a draft moves on, so that each is met at least once.
        pending = [entry.body for entry in await self.entries.list_pending(own_id, [Kind.SETTINGS.value])]
        coming = [*coming, *(_Coming.of(body) for body in pending if isinstance(body, ChatSettingsSet))]
        chars: dict[int, int] = {}
        for one in coming:
            chars[one.chat_id] = max(chars.get(one.chat_id, 0), one.chars)
        others = await self.members.count_draft_chars(account_id, chars)
        if others + sum(chars.values()) > DRAFTS_MAX_CHARS:
            raise TooLong(f"draft: at most {DRAFTS_MAX_CHARS} characters in all drafts together.")
