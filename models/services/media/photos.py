"""Photos of accounts and contacts: taking, setting, removing, reading and listing them (docs/messaging-api.md, "Photos")."""

from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass

from models.documents.photo import PHOTO_TYPE, Photo, PhotoChange, PhotoView, Picture
from models.documents.session import Actor
from models.errors import PhotoNotFound
from models.ports import Clock, Fanout, Fetcher, Imaging
from models.services.contacts.address_book import list_contact_accounts
from models.services.contacts.contact_rule import RequireContact
from models.services.contacts.directory import change_account
from models.services.contacts.visibility import MayView
from models.services.media.renditions import Renditions
from models.services.media.storage import StoreMedia
from models.stores.accounts import Accounts
from models.stores.contacts import Contacts
from models.stores.photos import Photos


@dataclass(frozen=True, slots=True)
class TakePhoto:
    """Makes a photo of somebody's picture. Only the shrunk sizes are stored, each of fewer than `below_bytes` bytes.

    Raises Malformed for data that is no picture or would cost too much to decode, TooLarge, UrlRefused, and RateLimited or
    Unavailable as Imaging does.
    """

    imaging: Imaging
    fetcher: Fetcher
    store: StoreMedia
    below_bytes: int

    async def shrink(self, content: AsyncIterator[bytes], by: Hashable) -> Picture:
        """Returns the picture in all sizes. `by` is the account or address that asks."""
        return await self.imaging.make_photo(content, below_bytes=self.below_bytes, by=by)

    async def fetch(self, url: str, by: Hashable) -> Picture:
        """Returns the picture behind a URL in all sizes."""
        async with self.fetcher.open(url) as fetched:
            return await self.shrink(fetched.content, by)

    @asynccontextmanager
    async def __call__(self, picture: Picture) -> AsyncIterator[Photo]:
        """Yields the stored photo. The block writes what points to it; a photo that nothing points to is removed again."""
        async with (
            self.store.store(picture.full, PHOTO_TYPE) as full,
            self.store.store(picture.preview, PHOTO_TYPE) as preview,
        ):
            yield Photo(full.name, preview.name)


@dataclass(frozen=True, slots=True)
class SetPhoto:
    """Sets the actor's photo and adds it to the history. Setting the present photo again changes nothing."""

    take_photo: TakePhoto
    renditions: Renditions
    accounts: Accounts
    photos: Photos
    fanout: Fanout
    clock: Clock

    async def __call__(self, actor: Actor, picture: Picture) -> None:
        async with self.take_photo(picture) as photo:
            if (await self.accounts.require(actor.account_id)).photo == photo:
                return
            await self.renditions.add(photo.full, picture.renditions)
            await change_account(self.accounts, self.fanout, actor.account_id, {"photo": asdict(photo)})
            await self.photos.append(actor.account_id, photo, self.clock.now())


@dataclass(frozen=True, slots=True)
class RemovePhoto:
    """Takes away the actor's photo; if there is none, nothing changes. Former photos stay in the history."""

    accounts: Accounts
    photos: Photos
    fanout: Fanout
    clock: Clock

    async def __call__(self, actor: Actor) -> None:
        if (await self.accounts.require(actor.account_id)).photo is None:
            return
        await change_account(self.accounts, self.fanout, actor.account_id, {"photo": None})
        await self.photos.append(actor.account_id, None, self.clock.now())


@dataclass(frozen=True, slots=True)
class GetPhoto:
    """Reads photos from the database, so that every node shows the present one."""

    accounts: Accounts
    require_contact: RequireContact
    may_view: MayView

    async def own(self, actor: Actor) -> Photo:
        """Returns the actor's own photo. Raises PhotoNotFound."""
        photo = (await self.accounts.require(actor.account_id)).photo
        if photo is None:
            raise PhotoNotFound
        return photo

    async def __call__(self, actor: Actor, number: str) -> PhotoView:
        """Returns a contact's photo as the actor may see it. Raises NotAContact."""
        contact = await self.require_contact(actor, number)
        (seen,) = await self.may_view.list_photos(actor, [await self.accounts.require(contact.id)])
        return seen


@dataclass(frozen=True, slots=True)
class ListPhotos:
    """Lists the photos of the actor's contacts with a registered account, by number."""

    contacts: Contacts
    accounts: Accounts
    may_view: MayView

    async def __call__(self, actor: Actor) -> list[PhotoView]:
        owners = await list_contact_accounts(self.contacts, self.accounts, actor.account_id)
        return await self.may_view.list_photos(actor, owners)


@dataclass(frozen=True, slots=True)
class ListPhotoHistory:
    """Lists a contact's photos, newest first.

    Returns nothing if the actor may not see the present photo. Raises NotAContact.
    """

    accounts: Accounts
    photos: Photos
    require_contact: RequireContact
    may_view: MayView

    async def __call__(self, actor: Actor, number: str) -> list[PhotoChange]:
        owner = await self.accounts.require((await self.require_contact(actor, number)).id)
        if not await self.may_view(actor, [owner], lambda privacy: privacy.photo):
            return []
        return await self.photos.list_by_owner(owner.id)
