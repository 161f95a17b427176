"""Gives an account another photo."""

from dataclasses import asdict, dataclass

from models.documents.photo import Picture
from models.documents.session import Actor
from models.events import AccountChanged
from models.ports import Clock, Fanout
from models.services.media.photos import TakePhoto
from models.services.media.renditions import Renditions
from models.stores.accounts import Accounts
from models.stores.photos import Photos


@dataclass(frozen=True, slots=True)
class SetPhoto:
    """Another picture is an entry of the history; the same one again changes nothing (messaging contract 7)."""

    take: TakePhoto
    renditions: Renditions
    accounts: Accounts
    photos: Photos
    fanout: Fanout
    clock: Clock

    async def __call__(self, actor: Actor, picture: Picture) -> None:
        async with self.take(picture) as photo:
            if (await self.accounts.require(actor.account_id)).photo == photo:
                return
            await self.renditions.remember(photo.full, picture.renditions)
            await self.accounts.change(actor.account_id, {"photo": asdict(photo)})
            self.fanout.signal(AccountChanged(actor.account_id))
            await self.photos.append(actor.account_id, photo, self.clock.now())
