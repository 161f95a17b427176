"""Reads the chats of an account, so that what is said of each is at least as new as the end of its log."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from models.documents.head import Head, Standing
from models.services.chats.membership import Rosters
from models.stores.heads import Heads, LogEnd


@dataclass(frozen=True, slots=True)
class ReadHeads:
    """First the ends of the logs, then the changes up to there that wait for being applied, then everything else.

    In any other order an account could be told that its log ends with its own departure, and that it is still a member.
    """

    heads: Heads
    rosters: Rosters

    async def ends(self, account_ids: Collection[int]) -> dict[int, dict[int, LogEnd]]:
        """Where the logs of all listed chats that these accounts are in end, by account and chat."""
        return await self._caught_up(await self.heads.list_ends(account_ids))

    async def ends_of(self, account_id: int, chat_ids: Collection[int]) -> dict[int, LogEnd]:
        """The same of those of these chats that the account is or was in."""
        return (await self._caught_up(await self.heads.list_ends_at({account_id: chat_ids})))[account_id]

    async def standings(self, ends: Collection[tuple[int, int, LogEnd]]) -> dict[tuple[int, int, LogEnd], Standing]:
        """How accounts stand in chats, by what was asked: (account, chat, the end that was read for it)."""
        wanted: dict[int, dict[int, LogEnd]] = {}
        for account_id, chat_id, end in ends:
            newest = max(end, wanted.setdefault(account_id, {}).get(chat_id, end), key=lambda one: one.seq)
            wanted[account_id][chat_id] = newest
        found = {(account_id, one.chat.id): one for account_id, one in await self.heads.list_standings(wanted)}
        return {asked: found[asked[:2]] for asked in ends if asked[:2] in found}

    async def at_places(self, chats: Mapping[int, Collection[int]]) -> dict[int, list[Head]]:
        """Those of these chats, by account, that the account is in and has listed; in no order."""
        ends = await self._caught_up(await self.heads.list_ends_at(chats))
        found: dict[int, list[Head]] = {account_id: [] for account_id in ends}
        if any(ends.values()):
            for account_id, head in await self.heads.list_heads(ends):
                found[account_id].append(head)
        return {
            account_id: [head for head in heads if head.member.is_active and head.member.is_listed]
            for account_id, heads in found.items()
        }

    async def _caught_up(self, ends: dict[int, dict[int, LogEnd]]) -> dict[int, dict[int, LogEnd]]:
        if any(ends.values()):
            await self.rosters.catch_up_all({chat_id for chats in ends.values() for chat_id in chats})
        return ends
