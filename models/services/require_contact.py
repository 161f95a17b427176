"""The must-be-in-contacts rule: who an account may look at, write to and bring into groups."""

from dataclasses import dataclass
from typing import Protocol

from models.documents.account import Account
from models.documents.session import Actor
from models.errors import NotAContact
from models.stores.accounts import Accounts
from models.stores.contacts import Contacts


class HasWritten(Protocol):
    """Whether this number has ever written to this account."""

    async def __call__(self, account_id: int, number: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class RequireContact:
    """The account behind a contact, or NotAContact (design section 9; messaging contract 5.1).

    The number is in the actor's address book and has a registered account, or it has written to the actor before.
    """

    contacts: Contacts
    accounts: Accounts
    has_written: HasWritten

    async def __call__(self, actor: Actor, number: str) -> Account:
        account = await self.accounts.find_by_number(number)
        if account is None:
            raise NotAContact
        if account.is_registered and await self.contacts.has(actor.account_id, number):
            return account
        if await self.has_written(actor.account_id, number):
            return account
        raise NotAContact
