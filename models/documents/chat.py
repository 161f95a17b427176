"""Chats and their members: who is in a conversation, since when, in which role."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from models.documents.photo import Photo
from models.errors import ChatNotFound, NotAnAdmin, ParticipantNotFound

SUBJECT_MAX_CHARS = 256  # messaging contract 16.3
_GROUP_ID = re.compile(r"[0-9]+-[0-9]+", re.ASCII)  # creator's number, hyphen, unix seconds


class ChatKind(StrEnum):
    DIRECT = "direct"
    GROUP = "group"
    EVENT = "event"


class Role(StrEnum):
    MEMBER = "member"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Chat:
    """A conversation. `group` is a group's public id; `pair` the two accounts of a direct chat, lower id first."""

    id: int
    kind: ChatKind
    created_at: datetime
    created_by: int
    created_by_number: str = ""  # of a group; its creator may have left it since
    subject: str = ""
    subject_by: str = ""  # the number that set the subject last
    subject_at: datetime | None = None
    photo: Photo | None = None
    subject_seq: int = 0  # the entry that set the subject; 0: it has the one it was made with
    photo_seq: int = 0  # the same of the photo
    group: str | None = None
    pair: tuple[int, int] | None = None
    event_id: int | None = None
    is_large: bool = False  # it has had more members than are told one by one, and so has a channel between nodes

    def as_left(self, look: "Look") -> "Chat":
        """The chat as it was for somebody who left it then."""
        return replace(self, subject=look.subject, photo=look.photo, subject_seq=0, photo_seq=0)

    def peer_of(self, account_id: int) -> int:
        """The other account of a direct chat; oneself in a chat with oneself."""
        if self.pair is None:
            raise ValueError("only a direct chat has a peer")
        first, second = self.pair
        return second if account_id == first else first


@dataclass(frozen=True, slots=True)
class Look:
    """What a chat was called and showed when somebody left it."""

    subject: str
    photo: Photo | None


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a log that a member may read: entries with `first <= seq`, and `seq <= last` once it ended."""

    first: int
    last: int | None = None

    def covers(self, seq: int) -> bool:
        return self.first <= seq and (self.last is None or seq <= self.last)


@dataclass(frozen=True, slots=True)
class Member:
    """One account in one chat. Someone who left keeps what lies in the closed spans (messaging contract 12)."""

    chat_id: int
    account_id: int
    number: str
    role: Role
    spans: tuple[Span, ...]
    delivered: int = 0
    read: int = 0
    # What others are shown of the two marks: they stand still while one of two people blocks the other.
    shown_delivered: int = 0
    shown_read: int = 0
    hidden: frozenset[int] = frozenset()  # seqs of messages this account deleted for itself
    is_listed: bool = True  # False: a direct chat that holds nothing this account may see yet
    look: Look | None = None  # of the chat, for somebody who left it; unknown where that was long ago

    @property
    def is_active(self) -> bool:
        return bool(self.spans) and self.spans[-1].last is None

    @property
    def since(self) -> int:
        """The seq with which this member came, the last time if more than once: the measure of who stands longest."""
        return self.spans[-1].first

    @property
    def last_seq(self) -> int | None:
        """Where the log ends for somebody who left: at the entry with which it did; None for who is in the chat."""
        return self.spans[-1].last if self.spans else 0

    def may_view(self, seq: int) -> bool:
        return seq not in self.hidden and any(span.covers(seq) for span in self.spans)


def is_group_id(text: str) -> bool:
    """Whether a text has the form of a group's public id."""
    return _GROUP_ID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Roster:
    """A chat with everybody who is in it now: what the message path asks, kept per node."""

    chat: Chat
    roles: Mapping[int, Role]  # by account id
    numbers: Mapping[int, str]
    unlisted: frozenset[int] = frozenset()  # see Member.is_listed
    changed: int = 0  # the seq of the last change of who is in a group: entries before it went to others
    known: int = 0  # all changes up to this seq are in it; one behind it may have been applied while it was read
    # One object for as long as the roster lives, by which the fan-out knows an audience again.
    members: Collection[int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "members", self.roles.keys())

    def require_member(self, account_id: int) -> Role:
        """The role of a member; to everybody else the chat does not exist."""
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
        """The account of a participant's number, or ParticipantNotFound."""
        for account_id, own in self.numbers.items():
            if own == number:
                return account_id
        raise ParticipantNotFound


@dataclass(frozen=True, slots=True)
class Group:
    """A group with those who are in it now, longest-standing first."""

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
    """Who becomes admin when a group would have none: the longest-standing participant but `of` (messaging contract 12)."""
    return next((member for member in participants if member.account_id != of), None)
