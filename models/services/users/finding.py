"""Finding users: by id, by number, by phone book, and the rule that says which users a viewer may find."""

from collections.abc import Collection
from dataclasses import dataclass

from models.documents.account import Account
from models.documents.collation import sort_by_name
from models.documents.session import Actor
from models.documents.user import PageOf, UserFilter, UserView
from models.errors import AccountNotFound, PageNotFound
from models.services.contacts.new_number_limit import LimitNewNumbers
from models.services.users.views import UserViews
from models.stores.accounts import Accounts
from models.stores.contacts import Contacts
from models.stores.event_lists import EventLists
from models.stores.phone_books import PhoneBooks


@dataclass(frozen=True, slots=True)
class UserDiscovery:
    """Decides which users a viewer may find: those with a tie to it, or everybody if `is_open` (docs/events-api.md, "Users").

    Ids are small integers, so a rule that lets everybody read everybody would hand out the whole membership, e-mail
    addresses included, to anyone who signs in. A tie exists if one of the two has the other in its address book or uploaded
    phone book, or if the other did something at an event that both have to do with: owns it, answered or wrote there. Being
    invited is no tie, since anybody may invite any number. Lists contain the people of the latest events only; people of
    older ones are found by id. Accounts that blocked the viewer's number are never found.
    """

    contacts: Contacts
    phone_books: PhoneBooks
    events: EventLists
    is_open: bool

    async def filter_for(self, viewer: Actor) -> UserFilter:
        """Returns the filter of the users that this viewer may find."""
        if self.is_open:
            return UserFilter(viewer.account_id, viewer.number, is_open=True)
        numbers = await self.contacts.list_numbers(viewer.account_id)
        numbers.update(await self.phone_books.list_numbers(viewer.account_id))
        ids = await self.events.list_companions(viewer.account_id)
        ids.update(await self.contacts.list_owners_of(viewer.number))
        ids.update(await self.phone_books.list_owners_of(viewer.number))
        return UserFilter(viewer.account_id, viewer.number, is_open=False, ids=ids, numbers=numbers)

    async def may_find(self, viewer: Actor, account: Account) -> bool:
        """Returns whether this viewer may find this account."""
        if account.id == viewer.account_id:
            return True
        if not account.is_registered or account.has_blocked(viewer.number):
            return False
        return (
            self.is_open
            or await self.contacts.has(viewer.account_id, account.number)
            or await self.phone_books.has(viewer.account_id, account.number)
            or not await self.accounts_without_tie(viewer, [account.id])
        )

    async def accounts_without_tie(self, viewer: Actor, account_ids: Collection[int]) -> set[int]:
        """Returns those of these accounts that did nothing themselves that ties them to the viewer."""
        others = set(account_ids) - {viewer.account_id}
        if self.is_open or not others:
            return set()
        others -= await self.contacts.list_owners_among(viewer.number, others)
        others -= await self.phone_books.list_owners_among(viewer.number, others)
        return {one for one in others if not await self.events.is_companion(viewer.account_id, one)}


@dataclass(frozen=True, slots=True)
class ListUsers:
    """Lists the users that the actor may find, itself included, by full name and in pages (docs/events-api.md, "Users")."""

    accounts: Accounts
    discovery: UserDiscovery
    user_views: UserViews

    async def __call__(self, actor: Actor, number: int, per_page: int) -> PageOf[UserView]:
        """Returns page `number`, counted from 1.

        Raises PageNotFound behind the last page; the first page exists even if it is empty.
        """
        users = await self.discovery.filter_for(actor)
        count = await self.accounts.count_users(users)
        skip = (number - 1) * per_page
        if skip and skip >= count:
            raise PageNotFound
        accounts = await self.accounts.list_users(users, skip, per_page)
        without_tie = users.accounts_without_tie({account.id for account in accounts})
        return PageOf(await self.user_views(actor, accounts, without_tie=without_tie), count, number, per_page)


@dataclass(frozen=True, slots=True)
class FindUser:
    """Returns a user that the actor may find. Raises AccountNotFound for all others, whether or not they exist."""

    accounts: Accounts
    discovery: UserDiscovery
    user_views: UserViews

    async def own(self, actor: Actor) -> UserView:
        """Returns the actor's own user."""
        return UserView.own(await self.accounts.require(actor.account_id))

    async def __call__(self, actor: Actor, user_id: int) -> UserView:
        account = await self.accounts.require(user_id)
        if not await self.discovery.may_find(actor, account):
            raise AccountNotFound
        (seen,) = await self.user_views(
            actor, [account], without_tie=await self.discovery.accounts_without_tie(actor, [user_id])
        )
        return seen


@dataclass(frozen=True, slots=True)
class MatchPhoneBook:
    """Replaces the actor's uploaded phone book, and returns its registered users (docs/events-api.md, "Phone books").

    Anybody who knows a number may learn that it has a user, with the name and, by UserViews, the photo: that is what the
    request is for.
    """

    accounts: Accounts
    phone_books: PhoneBooks
    user_views: UserViews
    limit: LimitNewNumbers

    async def __call__(self, actor: Actor, numbers: Collection[str]) -> list[UserView]:
        """Returns the registered users of these numbers by full name, the actor included if its number is among them.

        Raises TooManyNewNumbers.
        """
        await self.limit(actor, numbers)
        await self.phone_books.replace(actor.account_id, numbers)
        accounts = [each for each in await self.accounts.list_by_numbers(numbers) if each.is_registered]
        return sort_by_name(await self.user_views(actor, accounts), lambda seen: seen.rank)


@dataclass(frozen=True, slots=True)
class FindAccount:
    """Returns the actor's account, read from the database, so that every node shows one's own changes at once."""

    accounts: Accounts

    async def __call__(self, actor: Actor) -> Account:
        return await self.accounts.require(actor.account_id)
