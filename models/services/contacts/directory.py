"""The directory: accounts by id and by number, cached on each node until they change."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from models.documents.account import Account
from models.errors import AccountNotFound
from models.facts import AccountChanged
from models.ports import Fanout
from models.services.runtime.batch_loader import BatchLoader
from models.services.runtime.cache import Cache
from models.stores.accounts import Accounts

TTL_S = 30.0  # how long a node that the bus cannot reach may use outdated blocks and privacy settings, by default


class Directory:
    """Answers from its cache what the message path asks of accounts: their numbers, names and blocks."""

    peek: Callable[[int], Account | None]  # the account if it is cached

    def __init__(self, accounts: Accounts, *, ttl_s: float = TTL_S) -> None:
        self._accounts = accounts
        self._by_id: Cache[int, Account] = Cache(self._load, size=50_000, ttl_s=ttl_s)
        self.peek = self._by_id.peek
        self._find: BatchLoader[int, Account] = BatchLoader(self._find_all, at_once=500)
        # An entry may outlive the pairing of number and account: a retired account says so itself.
        self._ids: Cache[str, int] = Cache(self._find_id, size=50_000, ttl_s=ttl_s)

    async def require(self, account_id: int) -> Account:
        """Returns the account. Raises AccountNotFound."""
        return await self._by_id.require(account_id)

    async def require_number(self, number: str) -> Account:
        """Returns the account of this number. Raises AccountNotFound."""
        account = await self.require(await self._ids.require(number))
        if account.is_retired:
            self._ids.forget(number)
            account = await self.require(await self._ids.require(number))
        return account

    def peek_number(self, number: str) -> Account | None:
        """Returns the account of this number if it is cached, else None."""
        account_id = self._ids.peek(number)
        account = None if account_id is None else self._by_id.peek(account_id)
        return None if account is None or account.is_retired else account

    async def list_by_numbers(self, numbers: Collection[str]) -> list[Account]:
        """Returns the accounts of these numbers, read from the database in one query. Numbers without one are left out."""
        return await self._accounts.list_by_numbers(numbers)

    async def _load(self, account_id: int) -> Account:
        account = await self._find(account_id)
        if account is None:
            raise AccountNotFound
        return account

    async def _find_all(self, account_ids: Collection[int]) -> dict[int, Account]:
        return await self._accounts.map_by_ids(account_ids)

    async def _find_id(self, number: str) -> int:
        account = await self._accounts.find_by_number(number)
        if account is None:
            raise AccountNotFound
        return account.id

    def forget(self, account_id: int) -> None:
        """Drop an account that changed: it is read again when it is asked for next."""
        self._by_id.forget(account_id)

    def forget_all(self) -> None:
        """Drop everything, because signals may have been missed."""
        self._by_id.clear()
        self._ids.clear()


async def change_account(accounts: Accounts, fanout: Fanout, account_id: int, fields: Mapping[str, Any]) -> Account:
    """Set fields of an account, and signal to every node that its cached copy is outdated. Returns the changed account.

    `fields` are named as in `Accounts.change`. Raises AccountNotFound.
    """
    account = await accounts.change(account_id, fields)
    fanout.signal(AccountChanged(account_id))
    return account
