"""Presence: who is online, shown only to those whom privacy, blocks and their own status let see it.

Online means: a socket on `/presence` somewhere says so, or REST said so and did not take it back. Offline said over REST hides
the sockets too, those to come included, until one says that it is online. What this node says of its people goes
through attendance.py, what others may see of them through see_presence.py, and who watches them hears it by tell_presence.py.
"""

import asyncio
from collections.abc import Collection, Coroutine, Sequence
from typing import Any, Final

from models.documents.account import Account
from models.documents.session import Actor
from models.errors import Malformed
from models.facts import AccountChanged, VisiblePresence, WentOffline
from models.ports import Clock, Fanout, PresenceStore
from models.services.contacts.directory import Directory
from models.services.presence.reporter import OnlineReporter
from models.services.presence.visibility import DENY, OFFLINE, ONLINE, PresenceVisibility
from models.services.presence.watchers import PresenceWatchers, Watcher
from models.stores.accounts import Accounts
from models.stores.contacts import Contacts
from models.tasks import cancel

__all__ = ["DENY", "OFFLINE", "ONLINE", "WATCHED_MAX", "Presence"]

WATCHED_MAX: Final = 1000  # contacts that one connection may watch


class Presence:
    """The presence of the accounts that have sockets here, and what the sockets here watch."""

    def __init__(
        self,
        accounts: Accounts,
        contacts: Contacts,
        directory: Directory,
        board: PresenceStore,
        fanout: Fanout,
        clock: Clock,
        *,
        grace_s: float,
    ) -> None:
        self._accounts = accounts
        self._contacts = contacts
        self._directory = directory
        self._attendance = OnlineReporter(accounts, board, fanout, clock)
        self._see = PresenceVisibility(contacts, board, self._attendance)
        self._tell = PresenceWatchers(directory, self._see, fanout)
        self._fanout = fanout
        self._clock = clock
        self._grace_s = grace_s
        self._connections: dict[str, Watcher] = {}
        self._of_account: dict[int, dict[str, Watcher]] = {}
        self._leaving: dict[int, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        await self._attendance.open()
        await self._tell.open()

    async def close(self) -> None:
        """Nobody is told anything from here any more; another node tells of those who do not come back in time."""
        for timer in self._leaving.values():
            timer.cancel()
        await cancel(*self._tasks)
        await self._tell.close()
        await self._attendance.close()

    async def connect(self, actor: Actor, connection: str) -> None:
        """A socket on `/presence`: its account is online until the socket says otherwise or goes."""
        mine = self._connections.setdefault(connection, Watcher(actor, connection))  # there where this is tried again
        self._of_account.setdefault(actor.account_id, {})[connection] = mine
        account = await self._directory.require(actor.account_id)
        mine.is_online = mine.is_online and account.connected_status != OFFLINE
        await self._settle(actor.account_id)

    def disconnect(self, connection: str) -> None:
        """The socket is gone; its account is offline once no socket came back within the grace."""
        gone = self._connections.pop(connection, None)
        if gone is None:
            return
        self._tell.watch(gone, [])
        account_id = gone.actor.account_id
        mates = self._of_account[account_id]
        del mates[connection]
        if not mates:
            del self._of_account[account_id]
        self._leave_later(account_id)

    async def change(self, connection: str, *, is_online: bool) -> list[VisiblePresence]:
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
        return await self._tell.show_all(mine)

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
        for mine in self._of_account.get(account_id, {}).values():
            mine.is_online = False
        self._stay(account_id)
        self._spawn(self._attendance.leave(account_id, is_silent=True))  # who is told, and since when, REST has settled

    async def is_online(self, account: Account) -> bool:
        """Whether somebody who may see it would see this account online; not, when nobody can tell."""
        return await self._see.is_online(account)

    async def shown_to(self, viewer: Account, account: Account) -> VisiblePresence:
        """What a viewer whose own status is online may see of an account."""
        return await self._see(viewer, account, is_online=await self.is_online(account))

    async def watch(self, connection: str, numbers: Sequence[str]) -> list[VisiblePresence]:
        """From now on tell this connection about these contacts (instead of those before); numbers that are no contacts are left out."""
        mine = self._require(connection)
        if len(numbers) > WATCHED_MAX:
            raise Malformed(f"contacts: at most {WATCHED_MAX}.")
        known = await self._contacts.list_numbers(mine.actor.account_id)
        accounts = await self._accounts.list_by_numbers([number for number in numbers if number in known])
        if self._connections.get(connection) is not mine:
            raise Malformed("This connection is gone.")  # and with it what it watches
        self._tell.watch(mine, [account.id for account in accounts])
        return await self._tell.show_all(mine)

    def changed(self, account_ids: Collection[int]) -> None:
        """These came or went: watchers here are told what they may know now."""
        self._tell.changed(account_ids)

    def viewer_changed(self, account_id: int) -> None:
        """An account changed who may see it, or whom it sees (it blocked somebody): both are told what they may know now."""
        watched = [mine.watched for mine in self._of_account.get(account_id, {}).values()]
        self._tell.changed([account_id])
        self._tell.look_at(set().union(*watched))

    def doubt(self) -> None:
        """Signals may have been missed: watchers here are told what they were not."""
        self._tell.doubt()

    def say_again(self) -> None:
        """The board may have lost what this node said, and who is still to be swept; or another node may have said otherwise."""
        self._attendance.say_again()
        self.doubt()

    def _require(self, connection: str) -> Watcher:
        mine = self._connections.get(connection)
        if mine is None:
            raise Malformed("This connection is not on /presence.")
        return mine

    def _is_online_here(self, account_id: int) -> bool:
        return any(mine.is_online for mine in self._of_account.get(account_id, {}).values())

    async def _settle(self, account_id: int) -> None:
        if self._is_online_here(account_id):
            self._stay(account_id)
            await self._attendance.enter(account_id)
        else:
            await self._attendance.leave(account_id)

    def _stay(self, account_id: int) -> None:
        timer = self._leaving.pop(account_id, None)
        if timer is not None:
            timer.cancel()

    def _leave_later(self, account_id: int) -> None:
        if not self._is_online_here(account_id) and account_id not in self._leaving:
            loop = asyncio.get_running_loop()
            self._leaving[account_id] = loop.call_later(self._grace_s, self._leave, account_id)

    def _leave(self, account_id: int) -> None:
        self._leaving.pop(account_id, None)
        if not self._is_online_here(account_id):
            self._spawn(self._attendance.leave(account_id))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="presence leave")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
