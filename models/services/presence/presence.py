"""Presence of the accounts that have sockets on this node: which are online, and what the sockets watch.

An account is online if a socket on `/presence` of any node says so, or if REST said so and did not take it back. Offline said
over REST holds for the sockets too, also for later ones, until one says that it is online. reporter.py tells the other nodes,
visibility.py decides what a viewer may see, and watchers.py tells those who watch.
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
    """Keeps the sockets on `/presence` of this node, and decides with them which accounts are online here."""

    def __init__(
        self,
        accounts: Accounts,
        contacts: Contacts,
        directory: Directory,
        store: PresenceStore,
        fanout: Fanout,
        clock: Clock,
        *,
        grace_s: float,
    ) -> None:
        self._accounts = accounts
        self._contacts = contacts
        self._directory = directory
        self._reporter = OnlineReporter(accounts, store, fanout, clock)
        self._visibility = PresenceVisibility(contacts, store, self._reporter)
        self._watchers = PresenceWatchers(directory, self._visibility, fanout)
        self._fanout = fanout
        self._clock = clock
        self._grace_s = grace_s
        self._connections: dict[str, Watcher] = {}
        self._of_account: dict[int, dict[str, Watcher]] = {}
        self._leaving: dict[int, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        await self._reporter.open()
        await self._watchers.open()

    async def close(self) -> None:
        """Stop telling watchers. Another node sweeps the accounts of this one that do not come back in time."""
        for timer in self._leaving.values():
            timer.cancel()
        await cancel(*self._tasks)
        await self._watchers.close()
        await self._reporter.close()

    async def connect(self, actor: Actor, connection: str) -> None:
        """Register a socket on `/presence`. Its account is online until the socket says otherwise or goes."""
        # Present already if this is tried again.
        mine = self._connections.setdefault(connection, Watcher(actor, connection))
        self._of_account.setdefault(actor.account_id, {})[connection] = mine
        account = await self._directory.require(actor.account_id)
        mine.is_online = mine.is_online and account.connected_status != OFFLINE
        await self._settle(actor.account_id)

    def disconnect(self, connection: str) -> None:
        """Unregister a socket. Its account goes offline if no socket comes back within the grace."""
        gone = self._connections.pop(connection, None)
        if gone is None:
            return
        self._watchers.watch(gone, [])
        account_id = gone.actor.account_id
        mates = self._of_account[account_id]
        del mates[connection]
        if not mates:
            del self._of_account[account_id]
        self._leave_later(account_id)

    async def change(self, connection: str, *, is_online: bool) -> list[VisiblePresence]:
        """Set whether this device's account wants to be online. Returns the presence of all that the connection watches."""
        mine = self._require(connection)
        # Not as remembered: REST may have spoken elsewhere.
        account = await self._accounts.require(mine.actor.account_id)
        was_hidden = is_online and account.connected_status == OFFLINE
        if was_hidden:
            await self._accounts.change(account.id, {"connected_status": None})
        mine.is_online = is_online
        await self._settle(account.id)
        if was_hidden:
            self._fanout.signal(AccountChanged(account.id))
        return await self._watchers.show_all(mine)

    async def declare(self, actor: Actor, *, is_online: bool) -> None:
        """Set an account online or offline until it is changed, as REST asks (docs/messaging-api.md, "Presence")."""
        account = await self._accounts.require(actor.account_id)
        fields: dict[str, object] = {"connected_status": ONLINE if is_online else OFFLINE}
        if not is_online and await self.is_online(account):
            fields["last_seen"] = self._clock.now()
        await self._accounts.change(account.id, fields)
        if not is_online:
            self._fanout.signal(WentOffline(account.id))
        self._fanout.signal(AccountChanged(account.id))

    def go_offline(self, account_id: int) -> None:
        """Note that the account went offline over REST: its sockets here no longer count as online."""
        for mine in self._of_account.get(account_id, {}).values():
            mine.is_online = False
        self._stay(account_id)
        self._spawn(self._reporter.leave(account_id, is_silent=True))  # REST has stored the date and told the watchers

    async def is_online(self, account: Account) -> bool:
        """Returns whether an account is online for those who may see it; False when nobody can tell now."""
        return await self._visibility.is_online(account)

    async def shown_to(self, viewer: Account, account: Account) -> VisiblePresence:
        """Returns what a viewer that is online itself may see of an account."""
        return await self._visibility(viewer, account, is_online=await self.is_online(account))

    async def watch(self, connection: str, numbers: Sequence[str]) -> list[VisiblePresence]:
        """Tell this connection about these contacts from now on, in place of those before.

        Numbers that are no contacts are left out.
        """
        mine = self._require(connection)
        if len(numbers) > WATCHED_MAX:
            raise Malformed(f"contacts: at most {WATCHED_MAX}.")
        known = await self._contacts.list_numbers(mine.actor.account_id)
        accounts = await self._accounts.list_by_numbers([number for number in numbers if number in known])
        if self._connections.get(connection) is not mine:
            raise Malformed("This connection is gone.")  # and what it watches with it
        self._watchers.watch(mine, [account.id for account in accounts])
        return await self._watchers.show_all(mine)

    def changed(self, account_ids: Collection[int]) -> None:
        """Tell watchers here about accounts that came or went."""
        self._watchers.changed(account_ids)

    def viewer_changed(self, account_id: int) -> None:
        """Tell watchers after an account changed who may see it, or whom it sees: its own watchers and itself."""
        watched = [mine.watched for mine in self._of_account.get(account_id, {}).values()]
        self._watchers.changed([account_id])
        self._watchers.look_at(set().union(*watched))

    def recheck(self) -> None:
        """Compare what watchers here were told with the presence store, since signals may have been missed."""
        self._watchers.recheck()

    def republish(self) -> None:
        """Write again what this node reported: the store may have lost it, or another node may have written otherwise."""
        self._reporter.republish()
        self.recheck()

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
            await self._reporter.enter(account_id)
        else:
            await self._reporter.leave(account_id)

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
            self._spawn(self._reporter.leave(account_id))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="presence leave")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
