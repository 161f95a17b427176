"""Finds the users of a phone book, and keeps it."""

from collections.abc import Collection
from dataclasses import dataclass

from models.documents.collation import sort_by_name
from models.documents.session import Actor
from models.documents.user import SeenUser
from models.services.contacts.new_number_limit import LimitNewNumbers
from models.services.users.views import SeeUsers
from models.stores.accounts import Accounts
from models.stores.phone_books import PhoneBooks


@dataclass(frozen=True, slots=True)
class MatchPhoneBook:
    """The numbers replace those that were kept before (events contract, section 5).

    Whoever knows a number may learn that it has a user, with the name and, by SeeUsers, the photo: that is what the endpoint
    is for.
    """

    accounts: Accounts
    phone_books: PhoneBooks
    see: SeeUsers
    limit: LimitNewNumbers

    async def __call__(self, actor: Actor, numbers: Collection[str]) -> list[SeenUser]:
        """The registered users among these numbers, oneself included if asked for, by full name; raises TooManyNewNumbers."""
        await self.limit(actor, numbers)
        await self.phone_books.replace(actor.account_id, numbers)
        accounts = [each for each in await self.accounts.list_by_numbers(numbers) if each.is_registered]
        return sort_by_name(await self.see(actor, accounts), lambda seen: seen.rank)
