"""Lists the users that somebody may find."""

from dataclasses import dataclass

from models.documents.session import Actor
from models.documents.user import PageOf, SeenUser
from models.errors import PageNotFound
from models.services.users.finding import KnowPeople
from models.services.users.views import SeeUsers
from models.stores.accounts import Accounts


@dataclass(frozen=True, slots=True)
class ListUsers:
    """By full name, in pages, oneself included (events contract, section 5); who is listed, KnowPeople says."""

    accounts: Accounts
    know: KnowPeople
    see: SeeUsers

    async def __call__(self, actor: Actor, number: int, per_page: int) -> PageOf[SeenUser]:
        """Raises PageNotFound behind the last page; the first one is there also when it is empty."""
        users = await self.know.filter_for(actor)
        count = await self.accounts.count_users(users)
        skip = (number - 1) * per_page
        if skip and skip >= count:
            raise PageNotFound
        accounts = await self.accounts.list_users(users, skip, per_page)
        strangers = users.strangers({account.id for account in accounts})
        return PageOf(await self.see(actor, accounts, strangers=strangers), count, number, per_page)
