"""Typing: tells the other members who is typing, and ends it when it expires."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from models.documents.chat import Chat, ChatKind, Roster
from models.documents.chat_ref import ChatRef
from models.documents.entry import Entry, Message
from models.documents.session import Actor
from models.errors import ChatNotFound
from models.facts import TypingChanged
from models.ports import Fanout
from models.services.chats.membership import MembershipCache
from models.services.chats.permission import Pair, load_pair, peek_pair, typing_audience
from models.services.chats.resolve import ResolveChat
from models.services.contacts.contact_rule import RequireContact
from models.services.contacts.directory import Directory

TYPING, PAUSED = "typing", "paused"


@dataclass(frozen=True, slots=True)
class _Typist:
    """An account that types in a chat, and the accounts that were told."""

    timer: asyncio.TimerHandle
    audience: Collection[int]
    roster: Roster


class BroadcastTyping:
    """Remembers who types where until it ends: by a stop, a message, the account's last socket gone, or time."""

    def __init__(
        self,
        resolve: ResolveChat,
        memberships: MembershipCache,
        directory: Directory,
        fanout: Fanout,
        *,
        expires_s: float,
    ) -> None:
        self._resolve = resolve
        self._memberships = memberships
        self._directory = directory
        self._fanout = fanout
        self._expires_s = expires_s
        self._typists: dict[
            int, dict[int, _Typist]
        ] = {}  # by account id and chat id, so that all of one account end together

    async def start(self, actor: Actor, target: ChatRef) -> int:
        """Show that the actor types; over after `expires_s` without another call. Returns the chat's id."""
        roster = await self._resolve(actor, target)
        pair = await load_pair(self._directory, roster.chat, actor.account_id)
        return self._start(roster, actor.account_id, pair)

    def start_now(self, actor: Actor, target: ChatRef) -> int | None:
        """`start` from the caches only. Returns None, having done nothing, if something is not cached or would be refused."""
        roster = self._resolve.peek(actor, target)
        if roster is None:
            return None
        if roster.chat.kind is not ChatKind.DIRECT:
            return self._start(roster, actor.account_id, None)
        pair = peek_pair(self._directory, roster.chat, actor.account_id)
        return None if pair is None else self._start(roster, actor.account_id, pair)

    async def stop(self, actor: Actor, target: ChatRef) -> int:
        """End the actor's typing at once; nothing is told if it was not typing. Returns the chat's id."""
        roster = await self._resolve(actor, target)
        self._pause(roster.chat.id, actor.account_id)
        return roster.chat.id

    def stop_now(self, actor: Actor, target: ChatRef) -> int | None:
        """`stop` from the caches only. Returns None, having done nothing, if something is not cached or would be refused."""
        roster = self._resolve.peek(actor, target)
        if roster is None:
            return None
        self._pause(roster.chat.id, actor.account_id)
        return roster.chat.id

    def stored(self, entries: Sequence[Entry]) -> None:
        """End the typing of the senders of these messages. Nobody is told: clients end it themselves by the message."""
        for entry in entries:
            self.found(entry)

    def found(self, entry: Entry) -> None:
        """End the typing of the sender of a message that was stored before and sent again."""
        if isinstance(entry.body, Message):
            self._cancel(entry.chat_id, entry.sender_id)

    def left(self, account_id: int) -> None:
        """End all typing of an account that has no socket on this node any more."""
        for chat_id in list(self._typists.get(account_id, ())):
            self._pause(chat_id, account_id)

    def close(self) -> None:
        for chats in self._typists.values():
            for typist in chats.values():
                typist.timer.cancel()
        self._typists.clear()

    def _cancel(self, chat_id: int, account_id: int) -> _Typist | None:
        chats = self._typists.get(account_id)
        typist = None if chats is None else chats.pop(chat_id, None)
        if chats is None or typist is None:
            return None
        if not chats:
            del self._typists[account_id]
        typist.timer.cancel()
        return typist

    def _pause(self, chat_id: int, account_id: int) -> None:
        """Tell the accounts that were told of the beginning and are still in the chat.

        If the members are not cached, since they have just changed, nobody is told: clients end it themselves in time.
        """
        typist = self._cancel(chat_id, account_id)
        roster = self._memberships.peek(chat_id)
        if typist is not None and roster is not None and account_id in roster.members:
            still = [account for account in typist.audience if account in roster.members]
            self._publish(roster.chat, account_id, PAUSED, still)

    def _start(self, roster: Roster, account_id: int, pair: Pair | None) -> int:
        chat_id = roster.chat.id
        audience = self._others(roster, account_id) if pair is None else typing_audience(roster, pair)
        self._cancel(chat_id, account_id)
        timer = asyncio.get_running_loop().call_later(self._expires_s, self._pause, chat_id, account_id)
        self._typists.setdefault(account_id, {})[chat_id] = _Typist(timer, audience, roster)
        self._publish(roster.chat, account_id, TYPING, audience)
        return chat_id

    def _others(self, roster: Roster, account_id: int) -> Collection[int]:
        """Returns the other members of a group; one object while somebody types, by which the fan-out knows it again."""
        before = self._typists.get(account_id, {}).get(roster.chat.id)
        if before is not None and before.roster is roster:
            return before.audience
        return set(roster.members) - {account_id}

    def _publish(self, chat: Chat, account_id: int, state: str, to: Collection[int]) -> None:
        expires_in_ms = int(self._expires_s * 1000) if state == TYPING else 0
        self._fanout.publish(TypingChanged(chat.id, account_id, state, expires_in_ms), to, chat=chat)


@dataclass(frozen=True, slots=True)
class TypingByNumber:
    """Typing as the messaging API has it, where a contact may have no chat yet (docs/messaging-api.md, "Typing")."""

    typing: BroadcastTyping
    require_contact: RequireContact

    async def start(self, actor: Actor, target: ChatRef) -> None:
        """Show that the actor types. Raises NotAContact, and ChatNotFound for a group that the actor is not in."""
        await self._require(actor, target)
        try:
            await self.typing.start(actor, target)
        except ChatNotFound:
            if target.contact is None:
                raise

    async def stop(self, actor: Actor, target: ChatRef) -> None:
        """End the actor's typing, with the refusals of `start`."""
        await self._require(actor, target)
        try:
            await self.typing.stop(actor, target)
        except ChatNotFound:
            if target.contact is None:
                raise

    async def _require(self, actor: Actor, target: ChatRef) -> None:
        if target.contact is not None:
            await self.require_contact(actor, target.contact)
