"""Chats and their members: who is in a conversation, since when, and in which role."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from models.documents.chat_settings import DEFAULTS, ChatSettings
from models.documents.photo import Photo
from models.errors import ChatNotFound, NotAnAdmin, ParticipantNotFound

SUBJECT_MAX_CHARS = 256  # docs/messaging-api.md, "Limits"
_GROUP_ID = re.compile(r"[0-9]+-[0-9]+", re.ASCII)  # creator's number, hyphen, unix seconds


class ChatKind(StrEnum):
    DIRECT = "direct"
    GROUP = "group"
    EVENT = "event"
    SELF = "self"  # of one account alone: its notes, and the log of its own state


class Role(StrEnum):
    MEMBER = "member"
    ADMIN = "admin"


class Pinners(StrEnum):
    """The members of a group who may pin messages for everybody."""

    ADMINS = "admins"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Chat:
    """A conversation.

    `group` is the public id of a group; `pair` holds the two accounts of a direct chat, lower id first, and the one account of a chat
    with itself twice.
    """

    id: int
    kind: ChatKind
    created_at: datetime
    created_by: int
    created_by_number: str = ""  # of a group, whose creator may have left
    subject: str = ""
    subject_by: str = ""  # the number that last set the subject
    subject_at: datetime | None = None
    photo: Photo | None = None
    subject_seq: int = 0  # the entry that set the subject; 0 for the first one
    photo_seq: int = 0  # the entry that set the photo; 0 for none
    expires_after_s: int | None = None  # how long what is sent from now on stays; None for ever
    expiry_seq: int = 0  # the entry that set that; 0 for none
    group: str | None = None
    pair: tuple[int, int] | None = None
    event_id: int | None = None
    is_large: bool = False  # it has had so many members that it has a channel between nodes
    pinners: Pinners = Pinners.ADMINS

    def as_left(self, look: "Look") -> "Chat":
        """Returns the chat with the subject and photo that it had when somebody left."""
        return replace(self, subject=look.subject, photo=look.photo, subject_seq=0, photo_seq=0)

    def peer_of(self, account_id: int) -> int:
        """Returns the other account of a direct chat, or the account itself in a chat with itself."""
        if self.pair is None:
            raise ValueError("only a direct chat has a peer")
        first, second = self.pair
        return second if account_id == first else first


@dataclass(frozen=True, slots=True)
class Look:
    """The subject and the photo of a chat at the time when somebody left it."""

    subject: str
    photo: Photo | None


@dataclass(frozen=True, slots=True)
class Span:
    """A range of a log that a member may read: entries with `first <= seq`, and `seq <= last` once it has ended."""

    first: int
    last: int | None = None

    def covers(self, seq: int) -> bool:
        return self.first <= seq and (self.last is None or seq <= self.last)


@dataclass(frozen=True, slots=True)
class Member:
    """One account in one chat. An account that left may still read the closed spans (docs/messaging-api.md, "Groups")."""

    chat_id: int
    account_id: int
    number: str
    role: Role
    spans: tuple[Span, ...]
    delivered: int = 0
    read: int = 0
    # The two marks as others see them: these do not advance while one of two people blocks the other.
    shown_delivered: int = 0
    shown_read: int = 0
    # Seqs of the messages that this account deleted for itself last; entries name those who deleted them before (Entry.hidden_by).
    hidden: frozenset[int] = frozenset()
    hidden_count: int = 0  # how many there have been
    folded: int = 0  # the highest seq that the entries name
    cleared: int = 0  # everything up to this seq is deleted for this account
    is_listed: bool = True  # False for a direct chat without an entry that this account may see
    look: Look | None = None  # of the chat, for an account that left; None if an earlier version did not store it
    is_synced: bool = True  # False as `is_listed`, but for a chat with oneself: its log is read before it is in a list
    settings: ChatSettings = DEFAULTS

    @property
    def is_active(self) -> bool:
        return bool(self.spans) and self.spans[-1].last is None

    @property
    def since(self) -> int:
        """Returns the entry by which this member came, the last time if more than once. The lowest stands longest."""
        return self.spans[-1].first

    @property
    def last_seq(self) -> int | None:
        """Returns the entry by which this account left, the last one that it may read; None for a present member."""
        return self.spans[-1].last if self.spans else 0

    @property
    def readable(self) -> tuple[Span, ...]:
        """Returns the spans without what the account cleared."""
        if not self.cleared:
            return self.spans
        left = (span for span in self.spans if span.last is None or span.last > self.cleared)
        return tuple(Span(max(span.first, self.cleared + 1), span.last) for span in left)

    def has_hidden(self, seq: int) -> bool:
        """Returns whether the account cleared or deleted the entry for itself, unless the entry itself says so (Entry.hidden_by)."""
        return seq <= self.cleared or seq in self.hidden

    def may_view(self, seq: int) -> bool:
        """Returns whether the account may see the entry, unless the entry itself says that it may not (entries.py, `visible`)."""
        return not self.has_hidden(seq) and any(span.covers(seq) for span in self.spans)


def is_group_id(text: str) -> bool:
    """Returns whether a text has the form of a group's public id."""
    return _GROUP_ID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Roster:
    """A chat with all of its present members, cached on each node for the message path."""

    chat: Chat
    roles: Mapping[int, Role]  # by account id
    numbers: Mapping[int, str]
    unlisted: frozenset[int] = frozenset()  # see Member.is_listed
    changed: int = 0  # the seq of the last change of members: entries before it went to other members
    known: int = 0  # all changes up to this seq are in it, and later ones may be
    # The same object for as long as the roster lives, by which the fan-out recognises an audience.
    members: Collection[int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "members", self.roles.keys())

    def require_member(self, account_id: int) -> Role:
        """Returns the role of a member. Raises ChatNotFound for all others."""
        role = self.roles.get(account_id)
        if role is None:
            raise ChatNotFound
        return role

    def require_admin(self, account_id: int) -> None:
        if self.require_member(account_id) is not Role.ADMIN:
            raise NotAnAdmin

    @property
    def admins(self) -> list[int]:
        return [account_id for account_id, role in self.roles.items() if role is Role.ADMIN]

    @property
    def has_admin(self) -> bool:
        return Role.ADMIN in self.roles.values()

    def is_only_admin(self, account_id: int) -> bool:
        return self.admins == [account_id]

    def require_participant(self, number: str) -> int:
        """Returns the account of a member's number. Raises ParticipantNotFound."""
        for account_id, own in self.numbers.items():
            if own == number:
                return account_id
        raise ParticipantNotFound


@dataclass(frozen=True, slots=True)
class Group:
    """A group with its present members, longest-standing first."""

    chat: Chat
    participants: Sequence[Member]

    @property
    def numbers(self) -> list[str]:
        return [member.number for member in self.participants]

    @property
    def admin_numbers(self) -> list[str]:
        return [member.number for member in self.participants if member.role is Role.ADMIN]

    def has(self, account_id: int) -> bool:
        return any(member.account_id == account_id for member in self.participants)


def find_next_admin(participants: Sequence[Member], of: int | None = None) -> Member | None:
    """Returns the longest-standing member except `of`, who becomes admin if a group would have none."""
    return next((member for member in participants if member.account_id != of), None)
