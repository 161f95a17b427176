"""Removal of an account from the network (docs/messaging-api.md, "Removal")."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from models.documents.chat import Chat
from models.documents.entry import Left
from models.documents.login import Ownership
from models.documents.session import Actor
from models.errors import ChatNotFound
from models.facts import AccountChanged, ChatMembersChanged, SessionsRevoked
from models.ports import Clock, Fanout
from models.services.chats.ending import EndMessages
from models.services.chats.membership import MembershipCache
from models.services.chats.record_changes import RecordChanges
from models.services.chats.resolve import ResolveChat
from models.services.contacts.directory import change_account
from models.services.groups.members import LeaveGroup
from models.services.media.unused import RemoveUnusedMedia
from models.stores.accounts import Accounts
from models.stores.chats import Chats
from models.stores.contacts import Contacts
from models.stores.entries import Entries
from models.stores.members import Members
from models.stores.ownerships import Ownerships
from models.stores.sessions import Sessions

log = logging.getLogger(__name__)


class Forgets(Protocol):
    """A place with data of its own for each account."""

    async def forget(self, account_id: int) -> None:
        """Delete what belongs to this account."""
        ...


class OwnsFiles(Protocol):
    """A place with pictures that belong to accounts."""

    async def list_files(self, owner_id: int) -> set[str]:
        """Returns the names of this account's files."""
        ...


@dataclass(frozen=True, slots=True)
class RemoveAccount:
    """Removes an account: it leaves its groups, and its chats stay readable for those it talked with.

    Its photos are removed, and so are files in chats that nobody can read any more. The id remains, so that messages keep
    their sender, and nothing else: a later owner of the number gets another account (TakeNumber). A number that a login
    only listed without proving it leaves that list. A removal that failed halfway can be repeated.
    """

    accounts: Accounts
    ownerships: Ownerships
    sessions: Sessions
    contacts: Contacts
    chats: Chats
    members: Members
    entries: Entries
    belongings: Sequence[Forgets]
    resolve: ResolveChat
    memberships: MembershipCache
    end_messages: EndMessages
    leave_group: LeaveGroup
    record: RecordChanges
    fanout: Fanout
    owned: Sequence[OwnsFiles]
    remove_media: RemoveUnusedMedia
    clock: Clock

    async def __call__(self, ownership: Ownership, feedback: str) -> None:
        if not ownership.is_proved:
            await self.ownerships.remove(ownership.id)
            return
        account = await self.accounts.require(ownership.account_id)
        # First, so that from now on nobody can write to it or add it to a group.
        await change_account(self.accounts, self.fanout, account.id, {"is_registered": False})
        files = set().union(*[await store.list_files(account.id) for store in self.owned])
        await self._erase_own_log(ownership.actor(""))
        files |= await self._leave_chats(ownership.actor(""))
        await self.contacts.remove_all(account.id)
        for store in self.belongings:
            await store.forget(account.id)
        await self.accounts.reset(account, self.clock.now())
        await self.remove_media.after(files)
        await self._end_sessions(account.id)
        self.fanout.signal(AccountChanged(account.id))
        log.info("account %d is removed; feedback: %r", account.id, feedback)

    async def _erase_own_log(self, actor: Actor) -> None:
        """Erase what the account wrote to itself, its drafts, and which messages it marked.

        What a crash has left is applied first: later, it would come back.
        """
        own_id = await self.resolve.find_own(actor)
        if own_id is not None:
            await self.memberships.catch_up(own_id)
            await self.end_messages.end_log(own_id)

    async def _leave_chats(self, actor: Actor) -> set[str]:
        """Leave all chats. Returns the names of files that nobody can read any more now."""
        members = await self.members.list_all_memberships(actor.account_id)
        for chat in await self.chats.list_by_ids([member.chat_id for member in members if member.is_active]):
            await self._leave(actor, chat)
        await self.members.forget_left(actor.account_id)
        files: set[str] = set()
        for member in members:
            first = await self.members.first_readable(member.chat_id)
            if first is None:
                files |= await self.chats.forget_photo(member.chat_id)
            if first is None or first > 1:
                files |= await self.entries.erase_files(member.chat_id, first)
        return files

    async def _leave(self, actor: Actor, chat: Chat) -> None:
        if chat.pair is not None:
            last_seq = await self.entries.last_seq(chat.id)
            await self.members.forget_past(chat.id, actor.account_id, last_seq)
            self.fanout.signal(ChatMembersChanged(chat.id))
            return
        try:
            if chat.group is not None:
                await self.leave_group(actor, chat.group)
            else:
                await self.record(actor, chat.id, Left(actor.account_id, actor.number))
        except ChatNotFound:
            log.info("account %d was out of chat %d already", actor.account_id, chat.id)

    async def _end_sessions(self, account_id: int) -> None:
        """End the account's sessions. Those of its login go on without it; their sockets close and reconnect."""
        own = await self.sessions.list_ids(account_id=account_id)
        owners = [each.login_id for each in await self.ownerships.list_of_account(account_id) if each.is_proved]
        await self.ownerships.remove_proved(account_id)
        await self.sessions.remove_all(own)
        for login_id in owners:
            own += await self.sessions.list_ids(login_id=login_id)
        self.fanout.signal(SessionsRevoked(own))
