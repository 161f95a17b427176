"""Users: accounts as the events API shows them to somebody, and the pages and lists that are made of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from models.documents.account import Account
from models.documents.default_picture import NOBODY, DefaultPicture
from models.documents.photo import Photo

PER_PAGE, PER_PAGE_MAX = 30, 1000  # events contract 1.4
PHONE_BOOK_MAX = 10_000  # numbers; as many as an address book has entries

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class UserView:
    """An account as one viewer sees it: `photo` is None where there is none or it is hidden, `email` is empty likewise.

    `is_nameless`: the name is hidden, too.
    """

    account: Account
    photo: Photo | None
    email: str
    is_nameless: bool = False

    @classmethod
    def own(cls, account: Account) -> "UserView":
        """As its owner sees it."""
        return cls(account, account.photo, account.email)

    @property
    def full_name(self) -> str:
        """The full name, or the nickname in its place (design section 9); empty when there is neither."""
        return "" if self.is_nameless else self.account.full_name or self.account.nickname

    @property
    def default_picture(self) -> DefaultPicture:
        """Returns the default picture of a user; for one that never signed in it has no colour of its own."""
        return DefaultPicture.of(self.full_name, self.account.id) if self.account.is_registered else NOBODY

    @property
    def rank(self) -> tuple[str, int]:
        """Returns the name by which lists of users are sorted, for `sort_by_name`."""
        return self.full_name, self.account.id


@dataclass(frozen=True, slots=True)
class UserFilter:
    """Which users a viewer may find.

    Itself, and of the registered ones that did not block its number either everybody or those with one of these ids or
    numbers: `ids` are tied to it by something that they did, `numbers` are those that it holds.
    """

    viewer_id: int
    viewer_number: str
    is_open: bool
    ids: Collection[int] = ()
    numbers: Collection[str] = ()

    def accounts_without_tie(self, account_ids: Collection[int]) -> set[int]:
        """Those of these accounts that have no tie to the viewer of their own making: it found them by their numbers."""
        return set() if self.is_open else set(account_ids).difference(self.ids, [self.viewer_id])


@dataclass(frozen=True, slots=True)
class PageOf(Generic[T]):
    """One page of a list that has `count` items in all; `number` counts from 1."""

    items: Sequence[T]
    count: int
    number: int
    per_page: int

    @property
    def is_last(self) -> bool:
        return self.number * self.per_page >= self.count
