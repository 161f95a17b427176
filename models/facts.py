"""What clients are told, and what nodes tell each other; the shapes on the wire are in handlers/wire/."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from models.documents.account import Account
from models.documents.chat import Chat
from models.documents.entry import Entry
from models.documents.event import Event as CalendarEvent
from models.documents.event import Invitation, Poll
from models.documents.head import ChatSummary

PresenceStatus = Literal["online", "offline", "deny"]


@dataclass(frozen=True, slots=True)
class EntryAdded:
    """A log has a new entry; its kind decides the name on the wire (`message_created`, `message_edited`, …).

    `for_former`: those who are told may have left the chat by this entry or since, and are told nothing newer of the chat.
    """

    entry: Entry
    chat: Chat
    for_former: bool = False


@dataclass(frozen=True, slots=True)
class ChatListed:
    """A direct chat now belongs into its viewer's list; `peer_number` is whom the viewer talks with."""

    chat: Chat
    peer_number: str


@dataclass(frozen=True, slots=True)
class MessageHidden:
    """One account deleted a message for itself; only its own devices hear it."""

    chat_id: int
    of: int
    account_id: int


@dataclass(frozen=True, slots=True)
class TypingChanged:
    chat_id: int
    account_id: int
    state: str  # "typing" or "paused"
    expires_in_ms: int


@dataclass(frozen=True, slots=True)
class VisiblePresence:
    number: str
    status: PresenceStatus | None
    last_seen: datetime | None


@dataclass(frozen=True, slots=True)
class ReceiptAdvanced:
    chat_id: int
    account_id: int
    delivered: int
    read: int


@dataclass(frozen=True, slots=True)
class EventUpdated:
    """An event differs from before, or is new or gone; `accounts` are those of its owner and of who is invited, by id."""

    event: CalendarEvent
    accounts: Mapping[int, Account]


@dataclass(frozen=True, slots=True)
class RsvpUpdated:
    """Somebody answered an invitation of this event, or has seen it."""

    event: CalendarEvent
    invitation: Invitation
    account: Account


@dataclass(frozen=True, slots=True)
class PollCreated:
    event: CalendarEvent
    poll: Poll


@dataclass(frozen=True, slots=True)
class Ready:
    """The first thing a connection is told: who it is, and its newest chats (`next` asks for those behind them)."""

    account: Account
    session_id: str
    heads: Sequence[ChatSummary]
    next: str | None


@dataclass(frozen=True, slots=True)
class SignedInElsewhere:
    """Somebody signed in to this account, by another session; `device` is what that client calls itself, maybe nothing."""

    session_id: str
    device: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Resync:
    """Call sync now: something may have been missed."""


Fact = (
    EntryAdded
    | ChatListed
    | MessageHidden
    | TypingChanged
    | VisiblePresence
    | ReceiptAdvanced
    | EventUpdated
    | RsvpUpdated
    | PollCreated
    | Ready
    | SignedInElsewhere
    | Resync
)


@dataclass(frozen=True, slots=True)
class SessionsRevoked:
    """These sessions are over: forget them and close their sockets."""

    session_ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class AccountChanged:
    """An account's profile, privacy, blocks or contacts differ from what a cache may hold."""

    account_id: int


@dataclass(frozen=True, slots=True)
class ChatMembersChanged:
    """A chat's members, roles or subject differ from what a cache may hold.

    Of a large chat also who came, or was in it when it became large, and who left, by the change with this seq.
    """

    chat_id: int
    seq: int = 0
    came: Collection[int] = ()
    left: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class PresenceChanged:
    """These accounts may have come or gone; whoever watches them looks again."""

    account_ids: Collection[int]


@dataclass(frozen=True, slots=True)
class WentOffline:
    """An account said over REST that it is offline: its sockets no longer speak for it, until one says otherwise."""

    account_id: int


@dataclass(frozen=True, slots=True)
class EntriesMissed:
    """These accounts, or all where none are named, may not be told of something that is stored: their clients must sync."""

    account_ids: Collection[int] | None = None


@dataclass(frozen=True, slots=True)
class SignalsMissed:
    """This node may have missed what others said: nothing that it remembers is sure. It tells nobody but itself."""


Invalidation = (
    SessionsRevoked
    | AccountChanged
    | ChatMembersChanged
    | PresenceChanged
    | WentOffline
    | EntriesMissed
    | SignalsMissed
)
