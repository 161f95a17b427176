"""Decides what a viewer may see of an account's presence: online or not and since when, within privacy and blocks."""

import asyncio
from collections import defaultdict
from collections.abc import Collection
from typing import Final

from models.documents.account import Account, Visibility, either_blocks
from models.facts import VisiblePresence
from models.ports import PresenceStore
from models.services.presence.reporter import OnlineReporter
from models.services.runtime.batch_loader import BatchLoader
from models.stores.contacts import Contacts

ONLINE: Final = "online"
OFFLINE: Final = "offline"
DENY: Final = "deny"
AT_ONCE = 500  # accounts in one question to the presence store


class PresenceVisibility:
    """Applies privacy, blocks and address books for a viewer whose own status is online (docs/messaging-api.md, "Presence")."""

    def __init__(self, contacts: Contacts, store: PresenceStore, reporter: OnlineReporter) -> None:
        self._contacts = contacts
        self._store = store
        self._reporter = reporter
        self._ask: BatchLoader[int, bool] = BatchLoader(self._look, at_once=AT_ONCE)
        self._has: BatchLoader[tuple[int, str], bool] = BatchLoader(self._read_books, at_once=AT_ONCE)

    async def list_statuses(self, account_ids: Collection[int]) -> dict[int, bool]:
        """Returns whether these accounts have a socket that is online; leaves out those of which nobody can tell now."""
        here = [each for each in account_ids if each in self._reporter]
        elsewhere = [each for each in account_ids if each not in self._reporter]
        return dict.fromkeys(here, True) | await self._look(elsewhere)

    async def find_status(self, account: Account) -> bool | None:
        """Returns whether an account is online for those who may see it; None when nobody can tell now."""
        if account.connected_status is not None:
            return account.connected_status == ONLINE
        return True if account.id in self._reporter else await self._ask(account.id)

    async def is_online(self, account: Account) -> bool:
        """Returns whether an account is online for those who may see it; False when nobody can tell now."""
        return await self.find_status(account) or False

    async def __call__(self, viewer: Account, account: Account, *, is_online: bool) -> VisiblePresence:
        """Returns what the viewer may see of an account that is online or not."""
        if either_blocks(viewer, account):
            return VisiblePresence(account.number, DENY, None)
        if is_online:
            return VisiblePresence(account.number, ONLINE, None)
        match account.privacy.last_seen:
            case Visibility.ALL:
                may_view = True
            case Visibility.CONTACTS:
                may_view = bool(await self._has((account.id, viewer.number)))
            case Visibility.NONE:
                may_view = False
        if not may_view:
            return VisiblePresence(account.number, DENY, None)
        return VisiblePresence(account.number, OFFLINE, account.last_seen)

    async def _look(self, account_ids: Collection[int]) -> dict[int, bool]:
        looked = await self._store.look(account_ids)
        return {each: each in looked.online for each in account_ids if looked.is_sure or each in looked.online}

    async def _read_books(self, wanted: Collection[tuple[int, str]]) -> dict[tuple[int, str], bool]:
        """Returns which of these address books hold which number, by one query for each number."""
        owners: dict[str, set[int]] = defaultdict(set)
        for owner_id, number in wanted:
            owners[number].add(owner_id)
        known = await asyncio.gather(*(self._contacts.list_owners_among(*each) for each in owners.items()))
        return {(owner_id, number): True for number, found in zip(owners, known, strict=True) for owner_id in found}
