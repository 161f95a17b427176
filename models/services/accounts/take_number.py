"""Finds the account of somebody who has proved a number: a new one where the number's last owner has left it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from models.documents.account import Account
from models.documents.login import Ownership
from models.documents.phone import Phone
from models.events import AccountChanged
from models.ports import Clock, Fanout
from models.services.accounts.last_use import LastUse
from models.stores.accounts import Accounts
from models.stores.chats import Chats
from models.stores.events import Events
from models.stores.ownerships import Ownerships


@dataclass(frozen=True, slots=True)
class TakeNumber:
    """The account has an id of its own, so that nothing of a former owner's is taken for the new owner's.

    A former owner is one who removed the account, or, with `recycle_days`, whose account nobody used for so long: it is
    removed then as by its owner. Its chats stay with their other members. Open invitations are the number's, and go along.
    """

    accounts: Accounts
    chats: Chats
    events: Events
    ownerships: Ownerships
    last_use: LastUse
    remove: Callable[[Ownership, str], Awaitable[None]]
    fanout: Fanout
    clock: Clock
    recycle_days: float = 0  # 0: never

    async def __call__(self, phone: Phone) -> Account:
        """Returns the account, registered or not yet."""
        account = await self.accounts.find_or_create(phone, self.clock.now())
        if account.is_registered and await self._lay_unused(account):
            owned = Ownership(0, None, account.id, account.number, is_proved=True)
            await self.remove(owned, "recycled")
            account = await self.accounts.require(account.id)
        if account.is_registered or not await self._had_an_owner(account):
            return account
        await self.accounts.retire(account)
        fresh = await self.accounts.find_or_create(phone, self.clock.now())
        await self.events.rebind(account.id, fresh.id, self.clock.now())
        await self.ownerships.rebind(account.id, fresh.id)
        for changed in (account.id, fresh.id):
            self.fanout.signal(AccountChanged(changed))
        return fresh

    async def _lay_unused(self, account: Account) -> bool:
        if not self.recycle_days:
            return False
        used_at = await self.last_use(account)
        return used_at is not None and self.clock.now() - used_at >= timedelta(days=self.recycle_days)

    async def _had_an_owner(self, account: Account) -> bool:
        # Who never proved a number is in no chat. Accounts that were removed before this was noted are known by theirs.
        return account.removed_at is not None or bool(await self.chats.list_all_memberships(account.id))
