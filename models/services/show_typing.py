"""Shows who is typing: never stored, sent to the other members, and over by itself."""

import asyncio
from collections.abc import Collection

from models.documents.chat import ChatKind, Roster
from models.documents.session import Actor
from models.documents.target import Target
from models.events import TypingShown
from models.ports import Fanout
from models.services.directory import Directory
from models.services.resolve_chat import ResolveChat
from models.services.rosters import Rosters

TYPING, PAUSED = "typing", "paused"


class ShowTyping:
    """Remembers who types where until it ends: by a stop, by a message, by the last socket gone, or by time."""

    def __init__(
        self, resolve: ResolveChat, rosters: Rosters, directory: Directory, fanout: Fanout, *, expires_s: float
    ) -> None:
        self._resolve = resolve
        self._rosters = rosters
        self._directory = directory
        self._fanout = fanout
        self._expires_s = expires_s
        self._ends: dict[tuple[int, int], asyncio.TimerHandle] = {}

    async def start(self, actor: Actor, target: Target) -> int:
        """Shown at once and again with each call; over after `expires_s` without one. Returns the chat's id."""
        roster = await self._resolve(actor, target)
        chat_id, account_id = roster.chat.id, actor.account_id
        self._cancel(chat_id, account_id)
        loop = asyncio.get_running_loop()
        self._ends[chat_id, account_id] = loop.call_later(self._expires_s, self._pause, chat_id, account_id)
        await self._show(roster, account_id, TYPING)
        return chat_id

    async def stop(self, actor: Actor, target: Target) -> int:
        """Over at once; nothing is said of who was not typing."""
        roster = await self._resolve(actor, target)
        if self._cancel(roster.chat.id, actor.account_id):
            await self._show(roster, actor.account_id, PAUSED)
        return roster.chat.id

    def sent(self, chat_id: int, account_id: int) -> None:
        """A message says it all: clients end the typing of its sender themselves."""
        self._cancel(chat_id, account_id)

    def left(self, account_id: int) -> None:
        """The account has no socket here any more."""
        for chat_id, typist in list(self._ends):
            if typist == account_id:
                self._pause(chat_id, account_id)

    def close(self) -> None:
        for timer in self._ends.values():
            timer.cancel()
        self._ends.clear()

    def _cancel(self, chat_id: int, account_id: int) -> bool:
        timer = self._ends.pop((chat_id, account_id), None)
        if timer is not None:
            timer.cancel()
        return timer is not None

    def _pause(self, chat_id: int, account_id: int) -> None:
        self._cancel(chat_id, account_id)
        roster = self._rosters.peek(chat_id)
        if roster is not None and account_id in roster.members:
            self._publish(roster, account_id, PAUSED, set(roster.members) - {account_id})

    async def _show(self, roster: Roster, account_id: int, state: str) -> None:
        to = set(roster.members) - {account_id}
        if roster.chat.kind is ChatKind.DIRECT:
            peer = await self._directory.require(roster.chat.peer_of(account_id))
            if peer.has_blocked(roster.numbers[account_id]) or peer.id in roster.unlisted:
                to = set()
        self._publish(roster, account_id, state, to)

    def _publish(self, roster: Roster, account_id: int, state: str, to: Collection[int]) -> None:
        expires_in_ms = int(self._expires_s * 1000) if state == TYPING else 0
        self._fanout.publish(TypingShown(roster.chat.id, account_id, state, expires_in_ms), to, chat_id=roster.chat.id)
