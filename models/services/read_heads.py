"""Reads the chats of an account, so that what is said of each is at least as new as the end of its log."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from models.documents.head import Head
from models.services.rosters import Rosters
from models.stores.heads import Heads, LogEnd


@dataclass(frozen=True, slots=True)
class ReadHeads:
    """First the ends of the logs, then the changes up to there that wait for being applied, then everything else.

    In any other order an account could be told that its log ends with its own departure, and that it is still a member.
    """

    heads: Heads
    rosters: Rosters

    async def __call__(self, account_id: int, chat_ids: Collection[int] | None = None) -> list[Head]:
        """All listed chats that the account is in; or those of `chat_ids` it is or was in. In no order."""
        return (await self.of_all([account_id], chat_ids))[account_id]

    async def of_all(
        self, account_ids: Collection[int], chat_ids: Collection[int] | None = None
    ) -> dict[int, list[Head]]:
        """The same for many accounts, by as many queries."""
        found = await self._of_ends(await self.heads.list_ends(account_ids, chat_ids))
        if chat_ids is not None:
            return found
        return {account_id: [head for head in heads if head.member.is_active] for account_id, heads in found.items()}

    async def at_places(self, chats: Mapping[int, Collection[int]]) -> dict[int, list[Head]]:
        """Those of these chats, by account, that the account is in and has listed; in no order."""
        found = await self._of_ends(await self.heads.list_ends_at(chats))
        return {
            account_id: [head for head in heads if head.member.is_active and head.member.is_listed]
            for account_id, heads in found.items()
        }

    async def _of_ends(self, ends: Mapping[int, Mapping[int, LogEnd]]) -> dict[int, list[Head]]:
        found: dict[int, list[Head]] = {account_id: [] for account_id in ends}
        if not any(ends.values()):
            return found
        await self.rosters.catch_up_all({chat_id for chats in ends.values() for chat_id in chats})
        for account_id, head in await self.heads.list_heads(ends):
            found[account_id].append(head)
        return found
