"""A chat as one member sees it: how much is unread, and in a list also the last message and the last notice."""

from dataclasses import dataclass
from datetime import datetime

from models.documents.chat import Chat, Member
from models.documents.chat_settings import VisibleSettings, as_of
from models.documents.entry import Entry

# Counted up to here: clients show "999+", and a chat that was not read for a year must stay cheap to list.
UNREAD_MAX = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A chat for one member.

    `last_seq` is the last entry that it may read: the log's end, or the entry with which it left. `unread` counts `unread_messages`, those of
    others, and entries of others that concern the member (entry.py, is_notice). `mentioned` are those of the messages that mention it.
    """

    chat: Chat
    member: Member
    last_seq: int
    unread: int
    unread_messages: int
    mentioned: int = 0
    peer_number: str | None = None  # of a direct chat
    peer_name: str | None = None  # the other account's own name, as far as the member may see it
    has_newer: bool = False  # than the entry up to which the member archived the chat

    def settings_at(self, now: datetime) -> VisibleSettings:
        """Returns the member's settings of the chat as they hold at this time."""
        member = self.member
        return as_of(member.settings, now, since=member.since, read=member.read, has_newer=self.has_newer)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatSummary(Standing):
    """A chat in a member's list. `last` is the newest message that the member may see.

    `notice` is the newest unread entry that concerns the member; without one, and without a message, the entry by which the member came.
    Lists are sorted by `last_at`: the time of `last`, or else the time at which the member came or the chat was made.
    """

    last: Entry | None
    last_at: datetime
    notice: Entry | None = None
