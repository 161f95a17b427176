"""Blocking and unblocking numbers."""

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
    """Is called after changes of block lists are stored."""

    async def blocked(self, actor: Actor) -> None:
        """Called after this account has blocked somebody."""
        ...

    async def unblocked(self, account: Account) -> None:
        """Called after an account has unblocked somebody. `account` holds the block list after the change."""
        ...


@dataclass(frozen=True, slots=True)
class BlockNumbers:
    """Changes the actor's block list. A number may be blocked whether or not it has an account."""

    accounts: Accounts
    fanout: Fanout
    listener: BlockListener

    async def block(self, actor: Actor, number: str) -> bool:
        """Block a number. Returns whether it was not blocked before. Raises Conflict if the list is full."""
        account = await self.accounts.require(actor.account_id)
        if len(account.blocked) >= BLOCKED_MAX and number not in account.blocked:
            raise Conflict(f"At most {BLOCKED_MAX} numbers can be blocked.")
        is_new = await self.accounts.block(actor.account_id, number)
        self.fanout.signal(AccountChanged(actor.account_id))
        await self.listener.blocked(actor)
        return is_new

    async def unblock(self, actor: Actor, number: str) -> bool:
        """Unblock a number. Returns whether it was blocked before."""
        was_blocked = await self.accounts.unblock(actor.account_id, number)
        self.fanout.signal(AccountChanged(actor.account_id))
        await self.listener.unblocked(await self.accounts.require(actor.account_id))
        return was_blocked

    async def replace(self, actor: Actor, numbers: Collection[str]) -> None:
        """Block these numbers and no others. Raises Conflict if they are too many."""
        if len(numbers) > BLOCKED_MAX:
            raise Conflict(f"At most {BLOCKED_MAX} numbers can be blocked.")
        blocked = {"blocked": sorted(set(numbers))}
        account = await change_account(self.accounts, self.fanout, actor.account_id, blocked)
        await self.listener.blocked(actor)
        await self.listener.unblocked(account)
