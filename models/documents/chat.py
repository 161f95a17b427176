"""Chats and their members: who is in a conversation, since when, in which role."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from models.errors import NotAnAdmin

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
    subject: str = ""
    subject_by: str = ""  # the number that set the subject last
    subject_at: datetime | None = None
    group: str | None = None
    pair: tuple[int, int] | None = None
    event_id: int | None = None

    def peer_of(self, account_id: int) -> int:
        """The other account of a direct chat; oneself in a chat with oneself."""
        if self.pair is None:
            raise ValueError("only a direct chat has a peer")
        first, second = self.pair
        return second if account_id == first else first


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
    hidden: frozenset[int] = frozenset()  # seqs of messages this account deleted for itself
    is_listed: bool = True  # False: a direct chat that holds nothing this account may see yet

    @property
    def is_active(self) -> bool:
        return bool(self.spans) and self.spans[-1].last is None

    def may_see(self, seq: int) -> bool:
        return seq not in self.hidden and any(span.covers(seq) for span in self.spans)

    def with_role(self, role: Role) -> "Member":
        return replace(self, role=role)

    def require_admin(self) -> None:
        if self.role is not Role.ADMIN:
            raise NotAnAdmin


def is_group_id(text: str) -> bool:
    """Whether a text has the form of a group's public id."""
    return _GROUP_ID.fullmatch(text) is not None
