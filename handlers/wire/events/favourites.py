"""Favourites on the events API: what is marked, and how it is shown (events contract 2.7 and 5)."""

import base64
import binascii
from collections.abc import Callable, Iterable
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, RootModel, WithJsonSchema, field_validator
from typing_extensions import TypedDict

from handlers.wire.events.fields import LINE
from handlers.wire.events.users import ContactUserShown, Link, PhoneNumbers, show_contact_user
from models.documents.favourite import NAME_MAX_CHARS, FavouriteInput, FavouriteView
from models.documents.phone import Phone, identity_of
from models.documents.photo import Rendition
from models.errors import Malformed


def _picture(value: Any) -> bytes | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ValueError("Not a valid string.")  # noqa: TRY004 (what pydantic makes a field error of)
    text = value.partition(",")[2] if value.startswith("data:") else value
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("This is no base64 text.") from None


class MarkedNumber(BaseModel):
    """One number of the present form."""

    model_config = ConfigDict(str_strip_whitespace=True)

    phone_number: Annotated[str, Field(min_length=1)]
    contact_name: Annotated[str, Field(max_length=NAME_MAX_CHARS), LINE] | None = None
    photo: Annotated[
        bytes | None,
        BeforeValidator(_picture),
        WithJsonSchema({"type": ["string", "null"], "contentEncoding": "base64"}),
    ] = None

    @field_validator("phone_number")
    @classmethod
    def _is_readable(cls, text: str) -> str:
        try:
            identity_of(text)
        except Malformed as refusal:
            raise ValueError(refusal.message) from None
        return text

    @property
    def marking(self) -> FavouriteInput:
        return FavouriteInput(Phone.from_text(self.phone_number), self.contact_name, self.photo)


class MarkedNumbers(RootModel[list[MarkedNumber] | PhoneNumbers]):
    """Both forms of the body: a bare list, or the deprecated `{"phone_numbers": […]}`."""


class FavouriteShown(TypedDict):
    id: int
    phone_number: str
    contact_name: str
    photo_url: str | None
    owner: int
    is_favorite: bool
    user: ContactUserShown | None


def show_favourites(
    favourites: Iterable[FavouriteView], media: Callable[[str], str], link: Link
) -> list[FavouriteShown]:
    """`media` makes the address of a stored picture, `link` that of a user's photo."""
    return [_show(each, media, link) for each in favourites]


def _show(seen: FavouriteView, media: Callable[[str], str], link: Link) -> FavouriteShown:
    favourite = seen.favourite
    return {
        "id": favourite.id,
        "phone_number": favourite.phone.text,
        "contact_name": favourite.contact_name,
        "photo_url": media(favourite.photo) if favourite.photo else link(seen.default_picture, Rendition.BIG),
        "owner": favourite.owner_id,
        "is_favorite": True,
        "user": None if seen.user is None else show_contact_user(seen.user, link),
    }
