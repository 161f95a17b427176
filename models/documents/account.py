"""Accounts: a phone number with a profile, which chats and is invited to events."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from models.documents.graphemes import first_cluster
from models.documents.phone import Phone
from models.documents.photo import Photo

# The limits of docs/events-api.md, "Registration".
NAME_MIN_CHARS = 2
NAME_MAX_CHARS = 256
EMAIL_MAX_CHARS = 256
STATUS_MAX_CHARS = NICKNAME_MAX_CHARS = 256  # docs/messaging-api.md, "Limits"
BLOCKED_MAX = 10_000  # numbers; as many as an address book may have entries
_EMAIL = re.compile(
    r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*"  # dots only between other characters
    r"@([^\W_]([\w-]{0,61}[^\W_])?\.)+[^\W_][\w-]{0,61}[^\W_]"
)


class Visibility(StrEnum):
    """The audience of a part of a profile: nobody, the contacts of its owner, or everybody (docs/messaging-api.md, "Privacy")."""

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
    """A status message, and when it was set."""

    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class NotificationFlags:
    """The pushes that an account wants (docs/events-api.md, "Users"). All are on at first."""

    new_invite: bool = True
    invite_rsvp: bool = True
    contact_joined: bool = True
    event_full: bool = True
    upcoming_event: bool = True


@dataclass(frozen=True, slots=True)
class Account:
    """An account. `is_registered` means that its owner has proved the number by a code."""

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
    blocked: frozenset[str] = frozenset()  # numbers, which need not have an account
    last_seen: datetime | None = None
    photo: Photo | None = None
    connected_status: str | None = None  # "online" or "offline" as it was last set over REST; None if it was not
    removed_at: datetime | None = None  # when it was removed; a later owner of the number gets another account
    is_retired: bool = False  # the number is another account's now

    @property
    def number(self) -> str:
        return self.phone.number

    @property
    def name(self) -> str:
        """Returns the name that others see: the full name, else the nickname, else the number."""
        return self.full_name or self.nickname or self.number

    @property
    def short_name(self) -> str:
        """Returns the first name with the first letter of the last ("First L"), or else the number as it is written.

        Pushes and invitation pages show it (docs/events-api.md, "Invitation pages").
        """
        names = (self.full_name or self.nickname).split()
        if not names:
            return self.phone.text
        return names[0] if len(names) == 1 else f"{names[0]} {first_cluster(names[-1])}"

    def name_for(self, number: str) -> str | None:
        """Returns the name that the owner of a number sees, which is not a number: None if there is none or a block hides it."""
        return None if self.has_blocked(number) else self.full_name or self.nickname or None

    def has_blocked(self, number: str) -> bool:
        return number in self.blocked


def either_blocks(one: Account, other: Account) -> bool:
    """Returns whether one of two accounts has blocked the other's number."""
    return one.has_blocked(other.number) or other.has_blocked(one.number)


def is_email(text: str) -> bool:
    """Returns whether a text has the form of an e-mail address. Nothing checks whether mail arrives there."""
    return len(text) <= EMAIL_MAX_CHARS and _EMAIL.fullmatch(text) is not None
