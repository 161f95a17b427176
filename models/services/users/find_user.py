"""Finds one user."""

from dataclasses import dataclass

from models.documents.session import Actor
from models.documents.user import SeenUser
from models.errors import AccountNotFound
from models.services.users.finding import KnowPeople
from models.services.users.views import SeeUsers
from models.stores.accounts import Accounts


@dataclass(frozen=True, slots=True)
class FindUser:
    """Who does not exist and who may not be found look alike: AccountNotFound."""

    accounts: Accounts
    know: KnowPeople
    see: SeeUsers

    async def own(self, actor: Actor) -> SeenUser:
        return SeenUser.own(await self.accounts.require(actor.account_id))

    async def __call__(self, actor: Actor, user_id: int) -> SeenUser:
        account = await self.accounts.require(user_id)
        if not await self.know.may_find(actor, account):
            raise AccountNotFound
        (seen,) = await self.see(actor, [account], strangers=await self.know.strangers(actor, [user_id]))
        return seen
