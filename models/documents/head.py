"""A chat as one member sees it in a list: its last entry and how much of it is unread."""

from dataclasses import dataclass
from datetime import datetime

from models.documents.chat import Chat, Member
from models.documents.entry import Entry

UNREAD_MAX = 1000  # counted no further: a client shows "999+", and a chat left alone for a year must stay cheap to list


@dataclass(frozen=True, slots=True)
class Head:
    """`last_seq` is the log's end for this member: the entry with which it left, `last` the newest message it may see.

    `last_at` is what lists are sorted by: the time of `last`, or else of when the member came or the chat was made.
    """

    chat: Chat
    member: Member
    last_seq: int
    last: Entry | None
    last_at: datetime
    unread: int
    peer_number: str | None = None  # of a direct chat
