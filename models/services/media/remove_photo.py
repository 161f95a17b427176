"""Takes an account's photo away."""

from dataclasses import dataclass

from models.documents.session import Actor
from models.events import AccountChanged
from models.ports import Clock, Fanout
from models.stores.accounts import Accounts
from models.stores.photos import Photos


@dataclass(frozen=True, slots=True)
class RemovePhoto:
    """Having none is no fault, and no entry of the history (messaging contract 4.3). What was shown stays in the history."""

    accounts: Accounts
    photos: Photos
    fanout: Fanout
    clock: Clock

    async def __call__(self, actor: Actor) -> None:
        if (await self.accounts.require(actor.account_id)).photo is None:
            return
        await self.accounts.change(actor.account_id, {"photo": None})
        self.fanout.signal(AccountChanged(actor.account_id))
        await self.photos.append(actor.account_id, None, self.clock.now())
