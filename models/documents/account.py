"""Accounts: one phone number that chats, is invited and has a profile."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from models.documents.graphemes import first_cluster
from models.documents.phone import Phone
from models.documents.photo import Photo

NAME_MIN_CHARS = 2  # seed document, "Register"; the two below too
NAME_MAX_CHARS = 256
EMAIL_MAX_CHARS = 256
STATUS_MAX_CHARS = NICKNAME_MAX_CHARS = 256  # messaging contract 16.3
BLOCKED_MAX = 10_000  # numbers; as many as an address book has entries
_EMAIL = re.compile(
    r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*"  # dots only between other characters
    r"@([^\W_]([\w-]{0,61}[^\W_])?\.)+[^\W_][\w-]{0,61}[^\W_]"
)


class Visibility(StrEnum):
    """Who may see one part of a profile (messaging contract 4.6): nobody, those in my contacts, everybody."""

    NONE = "none"
    CONTACTS = "contacts"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Privacy:
    status_message: Visibility = Visibility.ALL
    photo: Visibility = Visibility.ALL
    last_seen: Visibility = Visibility.ALL


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A status message, and since when it was the latest."""

    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class NotificationFlags:
    """Which pushes an account wants (events contract 2.1); all on at first."""

    new_invite: bool = True
    invite_rsvp: bool = True
    contact_joined: bool = True
    event_full: bool = True
    upcoming_event: bool = True


@dataclass(frozen=True, slots=True)
class Account:
    """An account as stored. `is_registered`: its owner proved the number by a code at least once."""

    id: int
    phone: Phone
    is_registered: bool
    created_at: datetime
    full_name: str = ""
    nickname: str = ""
    email: str = ""
    status_message: str | None = None
    privacy: Privacy = field(default_factory=Privacy)
    notify: NotificationFlags = field(default_factory=NotificationFlags)
    blocked: frozenset[str] = frozenset()  # numbers, of accounts or not
    last_seen: datetime | None = None
    photo: Photo | None = None
    connected_status: str | None = None  # as it was set over REST, "online" or "offline", until it is changed
    removed_at: datetime | None = None  # when its owner left it; whoever proves the number later gets another account
    is_retired: bool = False  # the number is another account's now

    @property
    def number(self) -> str:
        return self.phone.number

    @property
    def name(self) -> str:
        """What others are shown: full name, else nickname, else the number (design section 9)."""
        return self.full_name or self.nickname or self.number

    @property
    def short_name(self) -> str:
        """The first name and one letter of the last ("First L"), else the number as it is written (events contract 7, 10)."""
        names = (self.full_name or self.nickname).split()
        if not names:
            return self.phone.text
        return names[0] if len(names) == 1 else f"{names[0]} {first_cluster(names[-1])}"

    def has_blocked(self, number: str) -> bool:
        return number in self.blocked


def either_blocks(one: Account, other: Account) -> bool:
    """Returns whether one of two accounts has blocked the other's number."""
    return one.has_blocked(other.number) or other.has_blocked(one.number)


def is_email(text: str) -> bool:
    """Whether a text has the form of an e-mail address; whether one arrives there, nobody can see from here."""
    return len(text) <= EMAIL_MAX_CHARS and _EMAIL.fullmatch(text) is not None
