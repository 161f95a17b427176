"""Changes a group: one change after the other, decided on what is stored now, and with an admin left behind it."""

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

log = logging.getLogger(__name__)


class ChangeGroup:
    """A turn at a group: `async with change(actor, group) as roster` decides and records in its block.

    The roster is read from the database, not from what this node believes, and turns on one node come one after the other:
    a change that was answered is known to the next. Turns on two nodes at once may still both be right on their own and
    wrong together (two admins leave); so at both ends of a turn a group without an admin gets its longest-standing
    participant as one. Raises ChatNotFound when there is no such group, or the actor is not in it.
    """

    def __init__(self, chats: Chats, memberships: MembershipCache, record: RecordChanges) -> None:
        self._chats = chats
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
                # What the turn was for is stored and will be answered so; the next turn looks again.
                log.exception("group %d waits for an admin", chat.id)

    async def _with_admin(self, roster: Roster) -> Roster:
        """The roster, or the one after its longest-standing participant became an admin because nobody was."""
        if roster.has_admin or not roster.members:
            return roster
        chat_id = roster.chat.id
        next_admin = find_next_admin((await self._chats.list_participants([chat_id]))[chat_id])
        if next_admin is None:
            return roster
        await self._record(next_admin, chat_id, RoleSet(next_admin.account_id, next_admin.number, Role.ADMIN))
        return await self._memberships.require(chat_id)
