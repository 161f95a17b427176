"""Lists somebody's favourites."""

from dataclasses import dataclass

from models.documents.favourite import SeenFavourite
from models.documents.session import Actor
from models.services.users.views import SeeUsers
from models.stores.accounts import Accounts
from models.stores.favourites import Favourites


@dataclass(frozen=True, slots=True)
class ListFavourites:
    """One's own, newest first, each with the registered user behind its number (events contract 2.7)."""

    favourites: Favourites
    accounts: Accounts
    see: SeeUsers

    async def __call__(self, actor: Actor) -> list[SeenFavourite]:
        favourites = await self.favourites.list_by_owner(actor.account_id)
        found = await self.accounts.list_by_numbers([each.phone.number for each in favourites])
        seen = await self.see(actor, [account for account in found if account.is_registered])
        users = {user.account.number: user for user in seen}
        return [SeenFavourite(each, users.get(each.phone.number)) for each in favourites]
