"""A chat as one member sees it in a list: its last entry and how much of it is unread."""

from dataclasses import dataclass
from datetime import datetime

from models.documents.chat import Chat, Member
from models.documents.entry import Entry

UNREAD_MAX = 1000  # counted no further: a client shows "999+", and a chat left alone for a year must stay cheap to list


@dataclass(frozen=True, slots=True)
class Head:
    """`last_seq` is the log's end, `last` the newest entry this member may see, `last_at` what lists are sorted by."""

    chat: Chat
    member: Member
    last_seq: int
    last: Entry | None
    unread: int
    peer_number: str | None = None  # of a direct chat

    @property
    def last_at(self) -> datetime:
        return self.chat.created_at if self.last is None else self.last.at
