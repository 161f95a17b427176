"""Favourites: numbers that an account marked in the events API, with a name and a picture of its choice."""

from dataclasses import dataclass

from models.documents.default_picture import DefaultPicture
from models.documents.phone import Phone
from models.documents.user import UserView

NAME_MAX_CHARS = 256  # docs/events-api.md, "Favourites"
FAVOURITES_MAX = 1000  # of one account; far more than anybody marks one by one
PHOTOS_MAX = 50  # in one request; shrinking one takes a fifth of a second


@dataclass(frozen=True, slots=True)
class Favourite:
    """A number that `owner_id` marked. `photo` is the name of the stored picture."""

    id: int
    owner_id: int
    phone: Phone
    contact_name: str = ""
    photo: str | None = None


@dataclass(frozen=True, slots=True)
class FavouriteInput:
    """A number to mark. A name, or a photo (the bytes of a picture), that is None leaves the stored one as it is."""

    phone: Phone
    contact_name: str | None = None
    photo: bytes | None = None


@dataclass(frozen=True, slots=True)
class FavouriteView:
    """A favourite, and the registered user of its number as the owner may see it."""

    favourite: Favourite
    user: UserView | None

    @property
    def default_picture(self) -> DefaultPicture:
        """Returns the picture of a favourite without one. Its colour is that of its user, if there is one."""
        if self.user is None:
            return DefaultPicture.of(self.favourite.contact_name, self.favourite.id)
        return DefaultPicture.of(self.favourite.contact_name or self.user.full_name, self.user.account.id)
