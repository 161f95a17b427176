"""Tells watchers of presence when an account that they watch comes, goes, or changes who may see it.

What a watcher may see is decided at each time it is told, so that a changed privacy setting holds at once. Nobody is told what
it was told last: a signal may come twice or without need, and what cannot be confirmed (a restarted Redis, say) is not told.
"""

import asyncio
import logging
from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import islice

from models.documents.account import Account
from models.documents.session import Actor
from models.errors import AccountNotFound
from models.facts import VisiblePresence
from models.ports import Fanout
from models.services.contacts.directory import Directory
from models.services.presence.visibility import AT_ONCE, ONLINE, PresenceVisibility
from models.tasks import BackgroundTasks

log = logging.getLogger(__name__)

LOOK_AT_ONCE = 32  # accounts, well inside the drivers' pools
LOOK_AGAIN_S = 1.0  # at an account of which nobody could tell


@dataclass(slots=True)
class Watcher:
    """A connection on `/presence`, the accounts that it watches, and what it was told last of them."""

    actor: Actor
    connection: str
    is_online: bool = True
    watched: set[int] = field(default_factory=set)
    shown: dict[int, VisiblePresence] = field(default_factory=dict)
    readings: int = 0  # answers that are being made: what is told after them must not be older
    missed: set[int] = field(default_factory=set)  # accounts of which there was something to tell meanwhile

    def shows_itself(self, account: Account) -> bool:
        """Returns whether the watcher's account is online itself; only then may it see others."""
        return self.is_online or account.connected_status == ONLINE


class PresenceWatchers:
    """The watchers on this node, and what is still to be told to them."""

    def __init__(self, directory: Directory, visibility: PresenceVisibility, fanout: Fanout) -> None:
        self._directory = directory
        self._visibility = visibility
        self._fanout = fanout
        self._watchers: dict[int, dict[str, Watcher]] = {}  # by the account that they watch
        self._changed: set[int] = set()
        self._has_changed = asyncio.Event()
        self._unconfirmed: set[int] = set()  # watched accounts of which signals may have been missed
        self._has_unconfirmed = asyncio.Event()
        self._tasks = BackgroundTasks()

    async def open(self) -> None:
        self._tasks.repeat("presence teller", self._tell, wake=self._has_changed)
        self._tasks.repeat("presence comparer", self._compare, wake=self._has_unconfirmed)

    async def close(self) -> None:
        await self._tasks.stop()

    def watch(self, watcher: Watcher, account_ids: Collection[int]) -> None:
        """Tell a watcher about these accounts from now on, in place of those before."""
        for account_id in watcher.watched:
            watchers = self._watchers[account_id]
            del watchers[watcher.connection]
            if not watchers:
                del self._watchers[account_id]
        watcher.watched = set(account_ids)
        watcher.shown = {}
        for account_id in watcher.watched:
            self._watchers.setdefault(account_id, {})[watcher.connection] = watcher

    def changed(self, account_ids: Collection[int]) -> None:
        """Tell watchers of accounts that may have come, gone, or changed who may see them."""
        for account_id in account_ids:
            self._directory.forget(account_id)  # whoever begins to watch later sees a date that is new
        self.look_at(account_ids)

    def look_at(self, account_ids: Collection[int]) -> None:
        """Tell watchers of accounts that look different to some of them now."""
        self._changed.update(account_id for account_id in account_ids if account_id in self._watchers)
        self._has_changed.set()

    def recheck(self) -> None:
        """Compare what watchers were told with the presence store, and tell what differs: signals may have been missed."""
        self._unconfirmed.update(self._watchers)
        self._has_unconfirmed.set()

    async def show_all(self, watcher: Watcher) -> list[VisiblePresence]:
        """Returns what a watcher may see now of all that it watches."""
        viewer = await self._directory.require(watcher.actor.account_id)
        watched = sorted(watcher.watched)
        shown: list[VisiblePresence] = []
        watcher.readings += 1
        try:
            for start in range(0, len(watched), LOOK_AT_ONCE):
                looks = (self._show(watcher, viewer, each) for each in watched[start : start + LOOK_AT_ONCE])
                shown += await asyncio.gather(*looks)
            watcher.shown = dict(zip(watched, shown, strict=True))
        finally:
            watcher.readings -= 1
            self.look_at(watcher.missed)
            watcher.missed = set()
        return shown

    async def _show(self, watcher: Watcher, viewer: Account, account_id: int) -> VisiblePresence:
        account = await self._directory.require(account_id)
        if not watcher.shows_itself(viewer):
            return VisiblePresence(account.number, None, None)
        is_online = await self._visibility.find_status(account)
        if is_online is None:
            self._look_later(account_id)
        return await self._visibility(viewer, account, is_online=is_online or False)

    def _look_later(self, account_id: int) -> None:
        asyncio.get_running_loop().call_later(LOOK_AGAIN_S, self.changed, [account_id])

    async def _tell(self) -> None:
        while self._changed:
            batch = list(islice(self._changed, LOOK_AT_ONCE))
            self._changed.difference_update(batch)
            await asyncio.gather(*map(self._tell_of, batch))

    async def _tell_of(self, account_id: int) -> None:
        watchers = self._watchers.get(account_id)
        if watchers is None:
            return
        try:
            account = await self._directory.require(account_id)
            is_online = await self._visibility.find_status(account)
            if is_online is None:
                self._look_later(account_id)
                return
            for watcher in list(watchers.values()):
                await self._tell_one(watcher, account, is_online=is_online)
        except AccountNotFound:
            return
        except Exception as error:  # noqa: BLE001 (whatever it is, it may pass)
            log.warning("a presence waits to be told: %s", type(error).__name__)
            self._look_later(account_id)

    async def _tell_one(self, watcher: Watcher, account: Account, *, is_online: bool) -> None:
        """Tell a watcher what is new to it. A change that it may not see is not told."""
        viewer = self._directory.peek(watcher.actor.account_id) or await self._directory.require(
            watcher.actor.account_id
        )
        if not watcher.shows_itself(viewer):
            return
        shown = await self._visibility(viewer, account, is_online=is_online)
        if watcher.readings:
            watcher.missed.add(account.id)
        elif account.id in watcher.watched and watcher.shown.get(account.id) != shown:
            watcher.shown[account.id] = shown
            self._fanout.send_to_connection(shown, watcher.connection)

    async def _compare(self) -> None:
        while self._unconfirmed:
            batch = set(islice(self._unconfirmed, AT_ONCE))
            self._unconfirmed -= batch  # before it is read: a recheck asked for meanwhile is about later changes
            statuses = await self._visibility.list_statuses(batch)
            self._unconfirmed |= batch - statuses.keys()
            self.changed([each for each, is_online in statuses.items() if self._is_news(each, is_online=is_online)])
            if len(statuses) < len(batch):
                await asyncio.sleep(LOOK_AGAIN_S)

    def _is_news(self, account_id: int, *, is_online: bool) -> bool:
        """Returns whether a watcher here was told otherwise."""
        told = (watcher.shown.get(account_id) for watcher in self._watchers.get(account_id, {}).values())
        return any(shown is not None and (shown.status == ONLINE) != is_online for shown in told)
