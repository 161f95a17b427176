"""Reads the chats of an account, so that what is said of each is at least as new as the end of its log."""

from collections.abc import Collection
from dataclasses import dataclass

from models.documents.head import Head
from models.services.rosters import Rosters
from models.stores.heads import Heads


@dataclass(frozen=True, slots=True)
class ReadHeads:
    """First the ends of the logs, then the changes up to there that wait for being applied, then everything else.

    In any other order an account could be told that its log ends with its own departure, and that it is still a member.
    """

    heads: Heads
    rosters: Rosters

    async def __call__(self, account_id: int, chat_ids: Collection[int] | None = None) -> list[Head]:
        """All listed chats that the account is in; or those of `chat_ids` it is or was in. In no order."""
        ends = await self.heads.list_ends(account_id, chat_ids)
        if not ends:
            return []
        await self.rosters.catch_up_all(ends)
        found = await self.heads.list_heads(account_id, ends)
        return [head for head in found if chat_ids is not None or head.member.is_active]
