"""Users: accounts as the events API shows them to a viewer, and pages of lists."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from models.documents.account import Account
from models.documents.default_picture import NOBODY, DefaultPicture
from models.documents.photo import Photo

PER_PAGE, PER_PAGE_MAX = 30, 1000  # docs/events-api.md, "Pages"
PHONE_BOOK_MAX = 10_000  # numbers; as many as an address book may have entries

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class UserView:
    """An account as one viewer sees it. `photo` is None and `email` is empty if there is none or it is hidden.

    `is_nameless` means that the name is hidden, too.
    """

    account: Account
    photo: Photo | None
    email: str
    is_nameless: bool = False

    @classmethod
    def own(cls, account: Account) -> "UserView":
        """Returns an account as its owner sees it."""
        return cls(account, account.photo, account.email)

    @property
    def full_name(self) -> str:
        """Returns the full name, or else the nickname; empty if there is neither or it is hidden."""
        return "" if self.is_nameless else self.account.full_name or self.account.nickname

    @property
    def default_picture(self) -> DefaultPicture:
        """Returns the user's picture without a photo. An account that never signed in has no colour of its own."""
        return DefaultPicture.of(self.full_name, self.account.id) if self.account.is_registered else NOBODY

    @property
    def rank(self) -> tuple[str, int]:
        """Returns the name by which lists of users are sorted, and the id, for `sort_by_name`."""
        return self.full_name, self.account.id


@dataclass(frozen=True, slots=True)
class UserFilter:
    """The users that a viewer may find.

    These are the viewer itself, and of the registered accounts that did not block its number either all (`is_open`) or
    those with one of these ids or numbers. `ids` are tied to the viewer by something that they did, `numbers` are those
    that it holds.
    """

    viewer_id: int
    viewer_number: str
    is_open: bool
    ids: Collection[int] = ()
    numbers: Collection[str] = ()

    def accounts_without_tie(self, account_ids: Collection[int]) -> set[int]:
        """Returns those of these accounts that did nothing that ties them to the viewer: it found them by their numbers."""
        return set() if self.is_open else set(account_ids).difference(self.ids, [self.viewer_id])


@dataclass(frozen=True, slots=True)
class PageOf(Generic[T]):
    """One page of a list of `count` items. `number` counts from 1."""

    items: Sequence[T]
    count: int
    number: int
    per_page: int

    @property
    def is_last(self) -> bool:
        return self.number * self.per_page >= self.count
