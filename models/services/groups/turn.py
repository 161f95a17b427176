"""Changes of one group take turns: each is decided on what is stored, and leaves an admin behind."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from models.documents.chat import Role, Roster, find_next_admin
from models.documents.entry import RoleSet
from models.documents.session import Actor
from models.errors import ChatNotFound
from models.services.chats.membership import MembershipCache
from models.services.chats.record_changes import RecordChanges
from models.stores.chats import Chats
from models.stores.members import Members

log = logging.getLogger(__name__)


class ChangeGroup:
    """Takes a turn at a group: `async with change(actor, group) as roster` decides and records within the block.

    The roster is read from the database, not from the cache, and turns on one node follow each other, so each decides on
    all changes that were acknowledged before. Two nodes at once may each decide correctly and be wrong together, as when
    both admins leave. So if the group is without an admin at either end of a turn, its longest-standing member becomes one.
    Raises ChatNotFound if there is no such group, or the actor is not a member.
    """

    def __init__(self, chats: Chats, members: Members, memberships: MembershipCache, record: RecordChanges) -> None:
        self._chats = chats
        self._members = members
        self._memberships = memberships
        self._record = record
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def __call__(self, actor: Actor, group: str) -> AsyncIterator[Roster]:
        chat = await self._chats.find_group(group)
        if chat is None:
            raise ChatNotFound
        turn = self._turns.setdefault(chat.id, asyncio.Lock())
        async with turn:
            roster = await self._memberships.require_fresh(chat.id)
            roster.require_member(actor.account_id)
            yield await self._with_admin(roster)
            try:
                await self._with_admin(await self._memberships.require(chat.id))
            except Exception:
                # The change itself is stored and will be acknowledged; the next turn checks again.
                log.exception("group %d waits for an admin", chat.id)

    async def _with_admin(self, roster: Roster) -> Roster:
        """Returns the roster, after making the longest-standing member admin if there was none."""
        if roster.has_admin or not roster.members:
            return roster
        chat_id = roster.chat.id
        next_admin = find_next_admin((await self._members.list_participants([chat_id]))[chat_id])
        if next_admin is None:
            return roster
        await self._record(next_admin, chat_id, RoleSet(next_admin.account_id, next_admin.number, Role.ADMIN))
        return await self._memberships.require(chat_id)
