"""Finding users: by id, by number, by phone book, and the limit on how many of them one account may discover."""

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
from models.stores.events import Events
from models.stores.phone_books import PhoneBooks


@dataclass(frozen=True, slots=True)
class UserDiscovery:
    """People find those whom they have a tie to, and not everybody.

    The events API's contract lets everybody list and read everybody, e-mail addresses included. Ids are small integers, so
    that would hand out the whole membership to whoever signs in. Unless `is_open` (the setting `users.visible` is `all`) a
    viewer therefore finds only the people that it has a tie to: one of the two has the other in the address book or in the
    uploaded phone book, or the other did something at an event that both have to do with: owns it, answered, or wrote there
    (being invited is nobody's own making). A list of people holds those of the latest events; who has an older one in common
    finds the other by id. Who blocked the viewer's number cannot be found at all.
    """

    contacts: Contacts
    phone_books: PhoneBooks
    events: Events
    is_open: bool

    async def filter_for(self, viewer: Actor) -> UserFilter:
        """Whom this viewer may find."""
        if self.is_open:
            return UserFilter(viewer.account_id, viewer.number, is_open=True)
        numbers = await self.contacts.list_numbers(viewer.account_id)
        numbers.update(await self.phone_books.list_numbers(viewer.account_id))
        ids = await self.events.list_companions(viewer.account_id)
        ids.update(await self.contacts.list_owners_of(viewer.number))
        ids.update(await self.phone_books.list_owners_of(viewer.number))
        return UserFilter(viewer.account_id, viewer.number, is_open=False, ids=ids, numbers=numbers)

    async def may_find(self, viewer: Actor, account: Account) -> bool:
        """Whether this is one of them."""
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
        """Those of these accounts that have no tie to the viewer of their own making."""
        others = set(account_ids) - {viewer.account_id}
        if self.is_open or not others:
            return set()
        others -= await self.contacts.list_owners_among(viewer.number, others)
        others -= await self.phone_books.list_owners_among(viewer.number, others)
        return {one for one in others if not await self.events.is_companion(viewer.account_id, one)}


@dataclass(frozen=True, slots=True)
class ListUsers:
    """By full name, in pages, oneself included (events contract, section 5); who is listed, UserDiscovery says."""

    accounts: Accounts
    discovery: UserDiscovery
    user_views: UserViews

    async def __call__(self, actor: Actor, number: int, per_page: int) -> PageOf[UserView]:
        """Raises PageNotFound behind the last page; the first one is there also when it is empty."""
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
    """Who does not exist and who may not be found look alike: AccountNotFound."""

    accounts: Accounts
    discovery: UserDiscovery
    user_views: UserViews

    async def own(self, actor: Actor) -> UserView:
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
    """The numbers replace those that were kept before (events contract, section 5).

    Whoever knows a number may learn that it has a user, with the name and, by UserViews, the photo: that is what the endpoint
    is for.
    """

    accounts: Accounts
    phone_books: PhoneBooks
    user_views: UserViews
    limit: LimitNewNumbers

    async def __call__(self, actor: Actor, numbers: Collection[str]) -> list[UserView]:
        """The registered users among these numbers, oneself included if asked for, by full name; raises TooManyNewNumbers."""
        await self.limit(actor, numbers)
        await self.phone_books.replace(actor.account_id, numbers)
        accounts = [each for each in await self.accounts.list_by_numbers(numbers) if each.is_registered]
        return sort_by_name(await self.user_views(actor, accounts), lambda seen: seen.rank)


@dataclass(frozen=True, slots=True)
class FindAccount:
    """Read anew: on any node, one's own changes are seen at once."""

    accounts: Accounts

    async def __call__(self, actor: Actor) -> Account:
        return await self.accounts.require(actor.account_id)
