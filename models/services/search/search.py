"""Finds messages: newest first, those that the member may see at this moment, each by the words that it has now.

The index says which blocks of which logs may hold hits. Those are read from the log, newest first, and what is found is what
`find_ranges` finds in the messages as they are shown to this member; so no state of the index can show too much or too little.
Entries that are in no block yet are read as they stand (docs/architecture.md, "Search").
"""

from collections.abc import Collection
from dataclasses import dataclass

from models.documents.chat import Member
from models.documents.search import Search, SearchPage
from models.documents.session import Actor
from models.errors import ChatNotFound
from models.services.chats.membership import MembershipCache
from models.services.chats.resolve import ResolveChat
from models.services.runtime.token_bucket import TokenBuckets
from models.services.search.index import SearchIndex
from models.services.search.tails import Tails
from models.services.search.walk import Walk
from models.stores.entries import Entries
from models.stores.members import Members
from models.stores.search_blocks import SearchBlocks
from models.stores.search_log import SearchLog


@dataclass(frozen=True, slots=True)
class SearchMessages:
    """Searches the logs of a member. What it costs grows with the number of its chats, and is bounded otherwise."""

    resolve: ResolveChat
    memberships: MembershipCache
    members: Members
    entries: Entries
    blocks: SearchBlocks
    log: SearchLog
    index: SearchIndex
    limit: TokenBuckets

    async def __call__(self, actor: Actor, search: Search) -> SearchPage:
        """Returns a page of hits. Raises ChatNotFound for a chat that the actor was never in, and RateLimited."""
        self.limit.take(actor.account_id)
        chats = await self._list_chats(actor, search)
        # First the changes that wait: in the other order, one that is applied between the two reads would be in neither of them.
        rewording = await self.log.list_rewording(chats)
        tails = Tails(search)
        if not await tails.read(chats, self.blocks, self.log, self.index):
            return SearchPage([], search.before)
        # After the ends of the logs were read, so that nobody reads behind its own departure (see ReadHistory).
        await self.memberships.catch_up_all(chats)
        members = await self._find_members(actor, chats)
        return await Walk(search, members, tails, rewording, self.entries, self.blocks, self.log)()

    async def _list_chats(self, actor: Actor, search: Search) -> Collection[int]:
        if search.chat is None:
            return await self.log.list_chats(actor.account_id)
        chat_id = await self.resolve.require_id(actor, search.chat)
        if not await self._find_members(actor, [chat_id]):
            raise ChatNotFound
        return [chat_id]

    async def _find_members(self, actor: Actor, chats: Collection[int]) -> dict[int, Member]:
        rows = await self.members.list_memberships(actor.account_id, chats)
        return {member.chat_id: member for member in rows if member.is_synced and member.spans}
