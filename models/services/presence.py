"""Presence: who is online, shown only to those whom privacy, blocks and their own status let see it.

Online means: a socket on `/presence` somewhere says so, or REST said so and did not take it back. Offline said over REST hides
the sockets too, those to come included, until one says that it is online. Watchers are told when somebody they watch comes, goes, or changes
who may see it; what each is told is decided anew for each, so that a privacy setting cannot be outrun by an event.
"""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from models.documents.account import Account, Visibility
from models.documents.session import Actor
from models.errors import AccountNotFound, Malformed
from models.events import AccountChanged, PresenceChanged, PresenceShown, WentOffline
from models.ports import Clock, Fanout, PresenceBoard
from models.services.directory import Directory
from models.stores.accounts import Accounts
from models.stores.contacts import Contacts
from models.tasks import cancel

log = logging.getLogger(__name__)

ONLINE: Final = "online"
OFFLINE: Final = "offline"
DENY: Final = "deny"
WATCHED_MAX = 1000  # contacts that one connection may watch
LOOK_AT_ONCE = 32  # of them are looked at together, well inside the drivers' pools


@dataclass(slots=True)
class _Connection:
    actor: Actor
    is_online: bool = True
    watched: set[int] = field(default_factory=set)
    shown: dict[int, PresenceShown] = field(default_factory=dict)  # what it was told last of those it watches


class Presence:
    """The presence of the accounts that have sockets here, and what the sockets here watch."""

    def __init__(
        self,
        accounts: Accounts,
        contacts: Contacts,
        directory: Directory,
        board: PresenceBoard,
        fanout: Fanout,
        clock: Clock,
        *,
        grace_s: float,
    ) -> None:
        self._accounts = accounts
        self._contacts = contacts
        self._directory = directory
        self._board = board
        self._fanout = fanout
        self._clock = clock
        self._grace_s = grace_s
        self._connections: dict[str, _Connection] = {}
        self._of_account: dict[int, set[str]] = {}
        self._watchers: dict[int, set[str]] = {}  # watched account -> connections
        self._leaving: dict[int, asyncio.TimerHandle] = {}
        self._changed: asyncio.Queue[tuple[int, bool]] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._teller: asyncio.Task[None] | None = None

    async def open(self) -> None:
        self._teller = asyncio.create_task(self._tell(), name="presence teller")

    async def close(self) -> None:
        """Everybody here is gone: their last-seen dates are stored, without the grace of a reconnect."""
        for timer in self._leaving.values():
            timer.cancel()
        gone = {
            account_id for account_id in [*self._leaving, *self._of_account] if not self._is_online_here(account_id)
        }
        for account_id in gone:
            await self._go_offline(account_id)
        if self._teller is not None:
            await cancel(self._teller)
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def connect(self, actor: Actor, connection: str) -> None:
        """A socket on `/presence`: its account is online until the socket says otherwise or goes."""
        mine = self._connections[connection] = _Connection(actor)
        self._of_account.setdefault(actor.account_id, set()).add(connection)
        account = await self._directory.require(actor.account_id)
        mine.is_online = mine.is_online and account.connected_status != OFFLINE
        await self._settle(actor.account_id)

    def disconnect(self, connection: str) -> None:
        """The socket is gone; its account is offline once no socket came back within the grace."""
        gone = self._connections.pop(connection, None)
        if gone is None:
            return
        self._unwatch(connection, gone)
        mates = self._of_account[gone.actor.account_id]
        mates.discard(connection)
        if not mates:
            del self._of_account[gone.actor.account_id]
        self._leave_later(gone.actor.account_id)

    async def change(self, connection: str, *, is_online: bool) -> list[PresenceShown]:
        """Say whether this device's person wants to be online; who goes online learns at once who is."""
        mine = self._require(connection)
        account = await self._accounts.require(
            mine.actor.account_id
        )  # not as remembered: REST may have spoken elsewhere
        was_hidden = is_online and account.connected_status == OFFLINE
        if was_hidden:
            await self._accounts.change(account.id, {"connected_status": None})
        mine.is_online = is_online
        await self._settle(account.id)
        if was_hidden:
            self._fanout.signal(AccountChanged(account.id))
        return await self._show_all(mine)

    async def declare(self, actor: Actor, *, is_online: bool) -> None:
        """Be online, or offline, until it is changed: what REST says (messaging contract 4.4)."""
        account = await self._accounts.require(actor.account_id)
        fields: dict[str, object] = {"connected_status": ONLINE if is_online else OFFLINE}
        if not is_online and await self.is_online(account):
            fields["last_seen"] = self._clock.now()
        await self._accounts.change(account.id, fields)
        if not is_online:
            self._fanout.signal(WentOffline(account.id))
        self._fanout.signal(AccountChanged(account.id))

    def hide(self, account_id: int) -> None:
        """The account went offline over REST: its sockets here no longer say that it is online."""
        for connection in self._of_account.get(account_id, ()):
            self._connections[connection].is_online = False
        timer = self._leaving.pop(account_id, None)
        if timer is not None:
            timer.cancel()
        self._spawn(self._hide(account_id))

    async def is_online(self, account: Account) -> bool:
        """Whether somebody who may see it would see this account online."""
        if account.connected_status is not None:
            return account.connected_status == ONLINE
        return await self._board.is_online(account.id)

    async def watch(self, connection: str, numbers: Sequence[str]) -> list[PresenceShown]:
        """From now on tell this connection about these contacts (instead of those before); numbers that are no contacts are left out."""
        mine = self._require(connection)
        if len(numbers) > WATCHED_MAX:
            raise Malformed(f"contacts: at most {WATCHED_MAX}.")
        known = await self._contacts.list_numbers(mine.actor.account_id)
        accounts = await self._accounts.list_by_numbers([number for number in numbers if number in known])
        if self._connections.get(connection) is not mine:
            raise Malformed("This connection is gone.")  # and with it what it watches
        self._unwatch(connection, mine)
        mine.watched = {account.id for account in accounts}
        for account_id in mine.watched:
            self._watchers.setdefault(account_id, set()).add(connection)
        return await self._show_all(mine)

    def changed(self, account_id: int, *, is_viewer: bool = False) -> None:
        """Somebody came, went, or changed who may see it: watchers here are told what they may know now.

        With `is_viewer` it may also have changed whom it sees: whom it blocked.
        """
        self._directory.forget(account_id)  # whoever begins to watch later sees a date that is new
        if account_id in self._watchers or (is_viewer and account_id in self._of_account):
            self._changed.put_nowait((account_id, is_viewer))

    async def shown_to(self, viewer: Account, account: Account) -> PresenceShown:
        """What a viewer whose own status is online may see of an account (messaging contract, sections 4.6, 6.2 and 8)."""
        if account.has_blocked(viewer.number) or viewer.has_blocked(account.number):
            return PresenceShown(account.number, DENY, None)
        if await self.is_online(account):
            return PresenceShown(account.number, ONLINE, None)
        match account.privacy.last_seen:
            case Visibility.ALL:
                may_see = True
            case Visibility.CONTACTS:
                may_see = await self._contacts.has(account.id, viewer.number)
            case Visibility.NONE:
                may_see = False
        if not may_see:
            return PresenceShown(account.number, DENY, None)
        return PresenceShown(account.number, OFFLINE, account.last_seen)

    def _require(self, connection: str) -> _Connection:
        mine = self._connections.get(connection)
        if mine is None:
            raise Malformed("This connection is not on /presence.")
        return mine

    def _unwatch(self, connection: str, mine: _Connection) -> None:
        for account_id in mine.watched:
            watchers = self._watchers[account_id]
            watchers.discard(connection)
            if not watchers:
                del self._watchers[account_id]
        mine.watched = set()
        mine.shown = {}

    def _is_online_here(self, account_id: int) -> bool:
        return any(self._connections[connection].is_online for connection in self._of_account.get(account_id, ()))

    async def _settle(self, account_id: int) -> None:
        if self._is_online_here(account_id):
            timer = self._leaving.pop(account_id, None)
            if timer is not None:
                timer.cancel()
            if await self._board.arrive(account_id):
                self._fanout.signal(PresenceChanged(account_id))
        else:
            await self._go_offline(account_id)

    def _leave_later(self, account_id: int) -> None:
        if not self._is_online_here(account_id) and account_id not in self._leaving:
            loop = asyncio.get_running_loop()
            self._leaving[account_id] = loop.call_later(self._grace_s, self._leave, account_id)

    def _leave(self, account_id: int) -> None:
        self._leaving.pop(account_id, None)
        if not self._is_online_here(account_id):
            self._spawn(self._go_offline(account_id))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="presence leave")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _hide(self, account_id: int) -> None:
        """Off the board, unless a socket said meanwhile that it is online; who is told, and since when, REST has settled."""
        if not self._is_online_here(account_id):
            await self._board.leave(account_id)

    async def _go_offline(self, account_id: int) -> None:
        try:
            if await self._board.leave(account_id):
                await self._accounts.change(account_id, {"last_seen": self._clock.now()})
                self._fanout.signal(PresenceChanged(account_id))
        except Exception as error:  # noqa: BLE001
            log.warning("last seen of account %d is not stored: %s", account_id, type(error).__name__)

    async def _show_all(self, mine: _Connection) -> list[PresenceShown]:
        viewer = await self._directory.require(mine.actor.account_id)
        watched = sorted(mine.watched)
        shown: list[PresenceShown] = []
        for start in range(0, len(watched), LOOK_AT_ONCE):
            looks = (self._show(mine, viewer, account_id) for account_id in watched[start : start + LOOK_AT_ONCE])
            shown += await asyncio.gather(*looks)
        mine.shown = dict(zip(watched, shown, strict=True))
        return shown

    async def _show(self, mine: _Connection, viewer: Account, account_id: int) -> PresenceShown:
        account = await self._directory.require(account_id)
        if not _shows_itself(mine, viewer):
            return PresenceShown(account.number, None, None)  # messaging contract 6.2: only who shows itself sees
        return await self.shown_to(viewer, account)

    async def _tell(self) -> None:
        while True:
            account_id, is_viewer = await self._changed.get()
            self._directory.forget(account_id)
            for connection in list(self._watchers.get(account_id, ())):
                await self._tell_one(connection, account_id)
            for connection in list(self._of_account.get(account_id, ())) if is_viewer else ():
                mine = self._connections.get(connection)
                for watched in list(mine.watched) if mine is not None else ():
                    await self._tell_one(connection, watched)

    async def _tell_one(self, connection: str, account_id: int) -> None:
        """Tell a connection what is new to it: that something happened which it may not see is nothing."""
        mine = self._connections.get(connection)
        if mine is None:
            return
        try:
            viewer = await self._directory.require(mine.actor.account_id)
            if not _shows_itself(mine, viewer):
                return
            shown = await self._show(mine, viewer, account_id)
        except AccountNotFound:
            return
        except Exception:
            log.exception("a presence was not told")
            return
        if account_id in mine.watched and mine.shown.get(account_id) != shown:
            mine.shown[account_id] = shown
            self._fanout.whisper(shown, connection)


def _shows_itself(mine: _Connection, viewer: Account) -> bool:
    return mine.is_online or viewer.connected_status == ONLINE
