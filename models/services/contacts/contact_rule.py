"""The contact rule: which numbers an account may look at, write to and add to groups (docs/messaging-api.md, "Contact rule")."""

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
    """Tells whether a number has written to an account: there is a message in their direct chat that the account may see.

    Messages that were sent while the account blocked the number do not count.
    """

    accounts: Accounts
    chats: Chats
    entries: Entries

    async def __call__(self, account_id: int, number: str) -> bool:
        writer = await self.accounts.find_by_number(number)
        chat = None if writer is None else await self.chats.find_direct(account_id, writer.id)
        return writer is not None and chat is not None and await self.entries.has_written(chat.id, writer.id)


class RequireContact:
    """Returns the account of a number that the actor may write to.

    The number needs a registered account, and must be in the actor's address book or have written to the actor. Raises
    NotAContact. Permitted numbers are cached on the node until the address book changes, so that a message costs no query.
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
        """Returns the account if the caches hold it and that it is permitted. None means nothing: then await the call."""
        permitted = self._permitted.peek(actor.account_id)
        account = None if permitted is None or number not in permitted else self._directory.peek_number(number)
        return account if account is not None and account.is_registered else None

    async def find_all(self, actor: Actor, numbers: Collection[str]) -> dict[str, Account]:
        """Returns the accounts of those of these numbers that the rule permits, by number, with two queries for all contacts."""
        accounts = {account.number: account for account in await self._directory.list_by_numbers(numbers)}
        known = await self._contacts.list_known(actor.account_id, accounts.keys())
        return {
            number: account
            for number, account in accounts.items()
            if account.is_registered and (number in known or await self._has_written(actor.account_id, number))
        }

    def forget(self, account_id: int) -> None:
        """Drop what is cached of this account, whose address book may have changed."""
        self._permitted.forget(account_id)

    def forget_all(self) -> None:
        """Drop everything, because signals may have been missed."""
        self._permitted.clear()

    async def _is_permitted(self, actor: Actor, number: str) -> bool:
        if await self._contacts.has(actor.account_id, number):
            return True
        return await self._has_written(actor.account_id, number)


async def _no_numbers(_: int) -> set[str]:
    return set()
