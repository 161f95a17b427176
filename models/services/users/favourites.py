"""Favourites: marking numbers, unmarking and listing them (docs/events-api.md, "Favourites")."""

from collections.abc import Collection, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from models.documents.favourite import FAVOURITES_MAX, PHOTOS_MAX, Favourite, FavouriteInput, FavouriteView
from models.documents.phone import Phone
from models.documents.photo import PHOTO_TYPE
from models.documents.session import Actor
from models.errors import FavouritesFull, FieldErrors, Malformed
from models.services.contacts.new_number_limit import LimitNewNumbers
from models.services.media.photos import TakePhoto
from models.services.media.storage import StoreMedia, single_piece
from models.services.media.unused import RemoveUnusedMedia
from models.services.users.views import UserViews
from models.stores.accounts import Accounts
from models.stores.favourites import Favourites


@dataclass(frozen=True, slots=True)
class MarkFavourites:
    """Marks and unmarks numbers as favourites. A marked number keeps its id and its place when it is marked again."""

    favourites: Favourites
    take: TakePhoto
    store: StoreMedia
    limit: LimitNewNumbers
    remove_media: RemoveUnusedMedia

    async def __call__(self, actor: Actor, markings: Sequence[FavouriteInput]) -> None:
        """Mark all of these numbers, or none. A name or a photo that is given replaces the stored one.

        Of several inputs for one number each sets the fields that it gives. Raises FieldErrors for a photo that cannot be
        read, FavouritesFull, TooManyNewNumbers, TooLarge and Unavailable, all before anything changes.
        """
        phones = {marking.phone.number: marking.phone for marking in reversed(markings)}
        known = {each.phone.number: each for each in await self.favourites.list_by_owner(actor.account_id)}
        if len(known.keys() | phones.keys()) > max(FAVOURITES_MAX, len(known)):
            raise FavouritesFull
        await self.limit(actor, phones.keys())
        if sum(marking.photo is not None for marking in markings) > PHOTOS_MAX:
            raise FieldErrors({"photo": [f"One request may bring at most {PHOTOS_MAX} photos."]})
        fields: dict[str, dict[str, str]] = {marking.phone.number: {} for marking in markings}
        pictures: dict[str, bytes] = {}
        for marking in markings:
            if marking.contact_name is not None:
                fields[marking.phone.number]["contact_name"] = marking.contact_name
            if marking.photo is not None:
                pictures[marking.phone.number] = await self._shrink(actor, marking.photo)
        async with AsyncExitStack() as stack:
            for number, picture in pictures.items():
                stored = await stack.enter_async_context(self.store.store(picture, PHOTO_TYPE))
                fields[number]["photo"] = stored.name
            await self.favourites.put(actor.account_id, {phones[number]: given for number, given in fields.items()})
        await self._remove_pictures(known[number] for number in pictures if number in known)

    async def remove(self, actor: Actor, phones: Collection[Phone]) -> None:
        """Unmark these numbers. Numbers that are not marked are skipped."""
        numbers = {phone.number for phone in phones}
        known = await self.favourites.list_by_owner(actor.account_id)
        await self.favourites.remove(actor.account_id, numbers)
        await self._remove_pictures(each for each in known if each.phone.number in numbers)

    async def _remove_pictures(self, former: Iterable[Favourite]) -> None:
        """Remove the pictures of changed or removed favourites, unless something else uses the same files."""
        await self.remove_media.after({each.photo for each in former if each.photo is not None})

    async def _shrink(self, actor: Actor, photo: bytes) -> bytes:
        try:
            return (await self.take.shrink(single_piece(photo), ("account", actor.account_id))).full
        except Malformed as refusal:
            raise FieldErrors({"photo": [refusal.message]}) from None


@dataclass(frozen=True, slots=True)
class ListFavourites:
    """Lists the actor's favourites, newest first, each with the registered user of its number."""

    favourites: Favourites
    accounts: Accounts
    user_views: UserViews

    async def __call__(self, actor: Actor) -> list[FavouriteView]:
        favourites = await self.favourites.list_by_owner(actor.account_id)
        found = await self.accounts.list_by_numbers([each.phone.number for each in favourites])
        seen = await self.user_views(actor, [account for account in found if account.is_registered])
        users = {user.account.number: user for user in seen}
        return [FavouriteView(each, users.get(each.phone.number)) for each in favourites]
