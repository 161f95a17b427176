"""The directory: accounts by id and by number, kept per node and forgotten when they change."""

from collections.abc import Callable, Collection

from models.documents.account import Account
from models.errors import AccountNotFound
from models.services.runtime.batch_loader import BatchLoader
from models.services.runtime.cache import Cache
from models.stores.accounts import Accounts

TTL_S = 30.0  # how long a block or a privacy setting may be outdated on a node that the bus cannot reach, unless set


class Directory:
    """Answers from memory what the message path asks of accounts: numbers, names, blocks."""

    peek: Callable[[int], Account | None]  # the account if it is cached

    def __init__(self, accounts: Accounts, *, ttl_s: float = TTL_S) -> None:
        self._accounts = accounts
        self._by_id: Cache[int, Account] = Cache(self._load, size=50_000, ttl_s=ttl_s)
        self.peek = self._by_id.peek
        self._find: BatchLoader[int, Account] = BatchLoader(self._find_all, at_once=500)
        # The account says itself when its number has become another's; whether a number has one at all changes more often.
        self._ids: Cache[str, int] = Cache(self._find_id, size=50_000, ttl_s=ttl_s)

    async def require(self, account_id: int) -> Account:
        """The account, or AccountNotFound."""
        return await self._by_id.require(account_id)

    async def require_number(self, number: str) -> Account:
        """The account of this number, or AccountNotFound."""
        account = await self.require(await self._ids.require(number))
        if account.is_retired:
            self._ids.forget(number)
            account = await self.require(await self._ids.require(number))
        return account

    def peek_number(self, number: str) -> Account | None:
        """The account of this number if it is at hand."""
        account_id = self._ids.peek(number)
        account = None if account_id is None else self._by_id.peek(account_id)
        return None if account is None or account.is_retired else account

    async def list_by_numbers(self, numbers: Collection[str]) -> list[Account]:
        """The accounts that these numbers have, read anew in one query."""
        return await self._accounts.list_by_numbers(numbers)

    async def _load(self, account_id: int) -> Account:
        account = await self._find(account_id)
        if account is None:
            raise AccountNotFound
        return account

    async def _find_all(self, account_ids: Collection[int]) -> dict[int, Account]:
        return {account.id: account for account in await self._accounts.list_by_ids(account_ids)}

    async def _find_id(self, number: str) -> int:
        account = await self._accounts.find_by_number(number)
        if account is None:
            raise AccountNotFound
        return account.id

    def forget(self, account_id: int) -> None:
        """The account changed: ask the database next time."""
        self._by_id.forget(account_id)

    def forget_all(self) -> None:
        """Any account may have changed unheard."""
        self._by_id.clear()
        self._ids.clear()
