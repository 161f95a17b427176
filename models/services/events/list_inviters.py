"""Lists who has invited somebody to an event."""

from dataclasses import dataclass

from models.documents.collation import sort_by_name
from models.documents.session import Actor
from models.documents.user import SeenUser
from models.services.events.access import HiddenEvents
from models.services.users.views import SeeUsers
from models.stores.accounts import Accounts
from models.stores.events import Events


@dataclass(frozen=True, slots=True)
class ListInviters:
    """Each once, the registered ones, by full name (events contract, section 5)."""

    events: Events
    hidden: HiddenEvents
    accounts: Accounts
    see: SeeUsers

    async def __call__(self, actor: Actor) -> list[SeenUser]:
        hidden = await self.hidden.list_owners(actor)
        found = await self.accounts.list_by_ids(await self.events.list_inviters(actor.account_id, hidden=hidden))
        seen = await self.see(actor, [account for account in found if account.is_registered])
        return sort_by_name(seen, lambda each: each.rank)
