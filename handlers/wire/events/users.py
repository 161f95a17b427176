"""Users as the events API shows them, and what they may change (docs/events-api.md, "Users")."""

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any

from pydantic import ConfigDict, Field, WithJsonSchema, field_validator
from typing_extensions import TypedDict

from handlers.wire.events.fields import LINE
from handlers.wire.events.nulls import ActingRequest
from handlers.wire.fields import Fields, Form, list_of
from models.documents.account import EMAIL_MAX_CHARS, NAME_MAX_CHARS, is_email
from models.documents.default_picture import DefaultPicture
from models.documents.facebook import TOKEN_MAX_CHARS, FacebookFriend
from models.documents.favourite import FAVOURITES_MAX
from models.documents.phone import Phone, identity_of, is_number
from models.documents.photo import Photo, Rendition
from models.documents.user import PHONE_BOOK_MAX, UserView
from models.errors import AccountNotFound, FavouritesFull, Malformed, TooLong
from models.languages.language import TAGS

# Returns the absolute URL of a rendition; None for a default picture if there are none.
Link = Callable[[Photo | DefaultPicture, Rendition], str | None]

_ID_MAX_DIGITS = 18  # fits into 64 bits


class UserShown(TypedDict):
    """A user with all fields."""

    id: int
    phone_number: str
    full_name: str
    email: str
    is_active: bool
    notify_new_invite: bool
    notify_invite_rsvp: bool
    notify_contact_joined: bool
    notify_event_full: bool
    notify_upcoming_event: bool
    photo: str | None
    big_photo: str | None


class SignedInShown(UserShown):
    """A user with all fields, in the answers of signing in and registering."""

    auth_token: str


class ContactUserShown(TypedDict):
    """A user in short form."""

    id: int
    full_name: str
    phone_number: str
    photo: str | None
    big_photo: str | None


class FoundUserShown(TypedDict):
    phone_number: str
    user: ContactUserShown


class FacebookFriendShown(TypedDict):
    name: str
    id: str


class UserChange(ActingRequest):
    """The fields that users may change about themselves; other fields are ignored."""

    model_config = ConfigDict(str_strip_whitespace=True)

    full_name: Annotated[str, Field(max_length=NAME_MAX_CHARS), LINE] = ""
    email: Annotated[str, Field(max_length=EMAIL_MAX_CHARS)] = ""
    notify_new_invite: bool = True
    notify_invite_rsvp: bool = True
    notify_contact_joined: bool = True
    notify_event_full: bool = True
    notify_upcoming_event: bool = True
    # not among the fields of a user, which others see: /api/account/language/ shows it
    language: Annotated[str, WithJsonSchema({"enum": ["", *TAGS]})] = ""

    @field_validator("language")
    @classmethod
    def _is_written_here(cls, tag: str) -> str:
        if tag and tag not in TAGS:
            raise ValueError(f'"{tag}" is not a valid choice.')
        return tag

    @field_validator("email")
    @classmethod
    def _is_an_address(cls, text: str) -> str:
        if text and not is_email(text):
            raise ValueError("Enter a valid email address.")
        return text

    @property
    def fields(self) -> dict[str, Any]:
        """Returns the fields that were sent, under their names in the account."""
        given = self.model_dump(exclude_unset=True)
        return {name.replace("notify_", "notify.", 1): value for name, value in given.items()}


class PhoneNumbers(ActingRequest):
    """A phone book."""

    phone_numbers: Annotated[list[str], Field(max_length=PHONE_BOOK_MAX)]


class FacebookToken(ActingRequest):
    model_config = ConfigDict(str_strip_whitespace=True)

    fb_token: Annotated[str, Field(min_length=1, max_length=TOKEN_MAX_CHARS), LINE]


def read_user_id(text: str) -> int:
    """Returns the id. Raises AccountNotFound, with the sentence of an unknown user, for text that is no number."""
    if not is_number(text):
        raise AccountNotFound("")
    if len(text) > _ID_MAX_DIGITS:
        raise AccountNotFound
    return int(text)


def read_phones(fields: object) -> list[Phone]:
    """Returns the numbers in `phone_numbers`, each once.

    Raises Malformed for anything but a list of texts that can be numbers, and FavouritesFull for more than can be marked.
    """
    texts = _texts(fields)
    if len(texts) > FAVOURITES_MAX:
        raise FavouritesFull(f"At most {FAVOURITES_MAX} numbers at once.")
    return list({phone.number: phone for phone in map(Phone.from_text, texts)}.values())


def read_phone_book(fields: Fields) -> list[str]:
    """Returns the identities of the numbers in `phone_numbers`, each once. Raises Malformed and TooLong.

    Text that can be no number is skipped: phone books hold such things, and the client's user could not correct them.
    """
    texts = _texts(fields)
    if len(texts) > PHONE_BOOK_MAX:
        raise TooLong(f"phone_numbers may hold at most {PHONE_BOOK_MAX} numbers.")
    numbers: dict[str, None] = {}
    for text in texts:
        try:
            numbers[identity_of(text)] = None
        except Malformed:
            continue
    return list(numbers)


def _texts(fields: object) -> list[str]:
    texts = fields.get("phone_numbers") if isinstance(fields, Mapping) else None
    if isinstance(fields, Form) and isinstance(texts, str) and texts.strip():
        texts = list_of(texts)
    if not isinstance(texts, list):
        raise Malformed("phone_numbers must be a list.")
    if not all(isinstance(text, str) for text in texts):
        raise Malformed("phone_numbers must be a list of texts.")
    return texts


def show_user(seen: UserView, link: Link) -> UserShown:
    account = seen.account
    return {
        "id": account.id,
        "phone_number": account.phone.text,
        "full_name": seen.full_name,
        "email": seen.email,
        "is_active": account.is_registered,
        "notify_new_invite": account.notify.new_invite,
        "notify_invite_rsvp": account.notify.invite_rsvp,
        "notify_contact_joined": account.notify.contact_joined,
        "notify_event_full": account.notify.event_full,
        "notify_upcoming_event": account.notify.upcoming_event,
        "photo": show_photo(seen, Rendition.SMALL, link),
        "big_photo": show_photo(seen, Rendition.BIG, link),
    }


def show_signed_in(seen: UserView, link: Link, token: str) -> SignedInShown:
    return {**show_user(seen, link), "auth_token": token}


def show_contact_user(seen: UserView, link: Link) -> ContactUserShown:
    return {
        "id": seen.account.id,
        "full_name": seen.full_name,
        "phone_number": seen.account.phone.text,
        "photo": show_photo(seen, Rendition.SMALL, link),
        "big_photo": show_photo(seen, Rendition.BIG, link),
    }


def show_photo(seen: UserView, rendition: Rendition, link: Link) -> str | None:
    return link(seen.photo or seen.default_picture, rendition)


def show_found(users: Iterable[UserView], link: Link) -> list[FoundUserShown]:
    """Returns the registered users of a phone book; `phone_number` is the stored number, not the text that was asked for."""
    return [{"phone_number": seen.account.phone.text, "user": show_contact_user(seen, link)} for seen in users]


def show_friends(friends: Iterable[FacebookFriend]) -> list[FacebookFriendShown]:
    return [{"name": friend.name, "id": friend.id} for friend in friends]
