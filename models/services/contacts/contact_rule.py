"""The contact rule: which numbers an account may look at, write to and bring into groups."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass

from models.documents.account import Account
from models.documents.session import Actor
from models.errors import AccountNotFound, NotAContact
from models.services.contacts.directory import TTL_S, Directory
from models.services.runtime.cache import Cache
from models.stores.accounts import Accounts
from models.stores.chats import Chats
from models.stores.contacts import Contacts
from models.stores.entries import Entries


@dataclass(frozen=True, slots=True)
class HasWritten:
    """Looks for a message of that number in their direct chat that the account may see: a blocked one does not count."""

    accounts: Accounts
    chats: Chats
    entries: Entries

    async def __call__(self, account_id: int, number: str) -> bool:
        writer = await self.accounts.find_by_number(number)
        chat = None if writer is None else await self.chats.find_direct(account_id, writer.id)
        return writer is not None and chat is not None and await self.entries.has_written(chat.id, writer.id)


class RequireContact:
    """The account behind a contact, or NotAContact (design section 9; messaging contract 5.1).

    The number has a registered account, and is in the actor's address book or has written to the actor before. A yes is
    remembered per node until the actor's address book changes, so that a message costs no query.
    """

    def __init__(
        self,
        contacts: Contacts,
        directory: Directory,
        has_written: Callable[[int, str], Awaitable[bool]],
        *,
        ttl_s: float = TTL_S,
    ) -> None:
        self._contacts = contacts
        self._directory = directory
        self._has_written = has_written
        self._permitted: Cache[int, set[str]] = Cache(_no_numbers, size=50_000, ttl_s=ttl_s)

    async def __call__(self, actor: Actor, number: str) -> Account:
        try:
            account = await self._directory.require_number(number)
        except AccountNotFound:
            raise NotAContact from None
        if not account.is_registered:
            raise NotAContact
        permitted = await self._permitted.require(actor.account_id)
        if number not in permitted:
            if not await self._is_permitted(actor, number):
                raise NotAContact
            permitted.add(number)
        return account

    def peek(self, actor: Actor, number: str) -> Account | None:
        """The same if it is known to be permitted; None says nothing."""
        permitted = self._permitted.peek(actor.account_id)
        account = None if permitted is None or number not in permitted else self._directory.peek_number(number)
        return account if account is not None and account.is_registered else None

    async def find_all(self, actor: Actor, numbers: Collection[str]) -> dict[str, Account]:
        """The accounts behind those of these numbers that pass the same rule, by number; two queries for all contacts."""
        accounts = {account.number: account for account in await self._directory.list_by_numbers(numbers)}
        known = await self._contacts.list_known(actor.account_id, accounts.keys())
        return {
            number: account
            for number, account in accounts.items()
            if account.is_registered and (number in known or await self._has_written(actor.account_id, number))
        }

    def forget(self, account_id: int) -> None:
        """This account's address book may have changed."""
        self._permitted.forget(account_id)

    def forget_all(self) -> None:
        """Any address book may have changed unheard."""
        self._permitted.clear()

    async def _is_permitted(self, actor: Actor, number: str) -> bool:
        if await self._contacts.has(actor.account_id, number):
            return True
        return await self._has_written(actor.account_id, number)


async def _no_numbers(_: int) -> set[str]:
    return set()
