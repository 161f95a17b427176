"""A chat as one member sees it: how much of it is unread, and in a list also its last message."""

from dataclasses import dataclass
from datetime import datetime

from models.documents.chat import Chat, Member
from models.documents.entry import Entry

UNREAD_MAX = 1000  # counted no further: a client shows "999+", and a chat left alone for a year must stay cheap to list


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A chat and how a member stands in it. `last_seq` is the log's end for this member: the entry with which it left."""

    chat: Chat
    member: Member
    last_seq: int
    unread: int
    peer_number: str | None = None  # of a direct chat


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatSummary(Standing):
    """The same with `last`, the newest message that the member may see.

    `last_at` is what lists are sorted by: the time of `last`, or else of when the member came or the chat was made.
    """

    last: Entry | None
    last_at: datetime
