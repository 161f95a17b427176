"""Blocks numbers, and lets them go."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from models.documents.account import BLOCKED_MAX, Account
from models.documents.session import Actor
from models.errors import Conflict
from models.facts import AccountChanged
from models.ports import Fanout
from models.services.contacts.directory import change_account
from models.stores.accounts import Accounts


class BlockListener(Protocol):
    """Follows changes of block lists, once they are stored."""

    async def blocked(self, actor: Actor) -> None:
        """Called after this account has blocked somebody."""
        ...

    async def unblocked(self, account: Account) -> None:
        """Called after this account has unblocked somebody; `account` is as it is now."""
        ...


@dataclass(frozen=True, slots=True)
class BlockNumbers:
    """Any number, with or without an account. Every node hears of a change before the call returns or a moment later."""

    accounts: Accounts
    fanout: Fanout
    listener: BlockListener

    async def block(self, actor: Actor, number: str) -> bool:
        """Whether it was not blocked before; raises Conflict when the list is full."""
        account = await self.accounts.require(actor.account_id)
        if len(account.blocked) >= BLOCKED_MAX and number not in account.blocked:
            raise Conflict(f"At most {BLOCKED_MAX} numbers can be blocked.")
        is_new = await self.accounts.block(actor.account_id, number)
        self.fanout.signal(AccountChanged(actor.account_id))
        await self.listener.blocked(actor)
        return is_new

    async def unblock(self, actor: Actor, number: str) -> bool:
        """Whether it was blocked before."""
        was_blocked = await self.accounts.unblock(actor.account_id, number)
        self.fanout.signal(AccountChanged(actor.account_id))
        await self.listener.unblocked(await self.accounts.require(actor.account_id))
        return was_blocked

    async def replace(self, actor: Actor, numbers: Collection[str]) -> None:
        """Block these and no others."""
        if len(numbers) > BLOCKED_MAX:
            raise Conflict(f"At most {BLOCKED_MAX} numbers can be blocked.")
        blocked = {"blocked": sorted(set(numbers))}
        account = await change_account(self.accounts, self.fanout, actor.account_id, blocked)
        await self.listener.blocked(actor)
        await self.listener.unblocked(account)
