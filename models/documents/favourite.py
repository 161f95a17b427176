"""Favourites: the numbers that somebody marked in the events API's app, with a name and a picture of their own."""

from dataclasses import dataclass

from models.documents.default_picture import DefaultPicture
from models.documents.phone import Phone
from models.documents.user import UserView

NAME_MAX_CHARS = 256  # events contract, section 5
FAVOURITES_MAX = 1000  # of one account: far more than anyone marks one by one
PHOTOS_MAX = 50  # in one request; each takes a fifth of a second of a processor to shrink


@dataclass(frozen=True, slots=True)
class Favourite:
    """One number that `owner_id` marked. `photo` names the stored picture."""

    id: int
    owner_id: int
    phone: Phone
    contact_name: str = ""
    photo: str | None = None


@dataclass(frozen=True, slots=True)
class FavouriteInput:
    """A number to mark; a name or a photo (a picture's bytes) that is None is left as it is."""

    phone: Phone
    contact_name: str | None = None
    photo: bytes | None = None


@dataclass(frozen=True, slots=True)
class FavouriteView:
    """A favourite, and the registered user behind its number as the owner sees them."""

    favourite: Favourite
    user: UserView | None

    @property
    def default_picture(self) -> DefaultPicture:
        """Returns the default picture of a favourite without one: its colour is that of the user behind it."""
        if self.user is None:
            return DefaultPicture.of(self.favourite.contact_name, self.favourite.id)
        return DefaultPicture.of(self.favourite.contact_name or self.user.full_name, self.user.account.id)
