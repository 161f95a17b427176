"""Finds the account that acts, as it is stored now."""

from dataclasses import dataclass

from models.documents.account import Account
from models.documents.session import Actor
from models.stores.accounts import Accounts


@dataclass(frozen=True, slots=True)
class FindAccount:
    """Read anew: on any node, one's own changes are seen at once."""

    accounts: Accounts

    async def __call__(self, actor: Actor) -> Account:
        return await self.accounts.require(actor.account_id)
