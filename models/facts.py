"""Facts that clients are told, and invalidations that nodes tell each other. Their JSON shapes are in handlers/wire/."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from models.documents.account import Account
from models.documents.chat import Chat
from models.documents.chat_settings import VisibleSettings
from models.documents.chat_summary import ChatSummary
from models.documents.entry import Entry
from models.documents.event import Event as CalendarEvent
from models.documents.event import Invitation, Poll

PresenceStatus = Literal["online", "offline", "deny"]


@dataclass(frozen=True, slots=True)
class EntryAdded:
    """A log has a new entry; its kind decides the name of the packet (`message_created`, `message_edited`, …).

    `for_former`: the recipients may have left the chat by this entry or since, so nothing newer of the chat is shown to them.
    """

    entry: Entry
    chat: Chat
    for_former: bool = False


@dataclass(frozen=True, slots=True)
class ChatListed:
    """A direct chat now belongs into the recipient's chat list; `peer_number` is the other account's number."""

    chat: Chat
    peer_number: str


@dataclass(frozen=True, slots=True)
class MessageHidden:
    """One account deleted a message for itself; only its own devices are told."""

    chat_id: int
    of: int
    account_id: int


@dataclass(frozen=True, slots=True)
class ChatCleared:
    """An account deleted everything up to this entry for itself; only its own devices are told."""

    chat_id: int
    up_to: int


@dataclass(frozen=True, slots=True)
class TypingChanged:
    """An account began to type in a chat, or paused."""

    chat_id: int
    account_id: int
    state: str  # "typing" or "paused"
    expires_in_ms: int


@dataclass(frozen=True, slots=True)
class VisiblePresence:
    """The presence of an account as one viewer may see it. `status` is None if the viewer may not see anything now."""

    number: str
    status: PresenceStatus | None
    last_seen: datetime | None


@dataclass(frozen=True, slots=True)
class ReceiptAdvanced:
    """A member's receipts advanced: up to which seqs messages are delivered and read."""

    chat_id: int
    account_id: int
    delivered: int
    read: int


@dataclass(frozen=True, slots=True)
class EventUpdated:
    """An event is new, changed or gone; `accounts` are those of its owner and its invitees, by id."""

    event: CalendarEvent
    accounts: Mapping[int, Account]


@dataclass(frozen=True, slots=True)
class RsvpUpdated:
    """An invitee answered an invitation of this event, or has seen it."""

    event: CalendarEvent
    invitation: Invitation
    account: Account


@dataclass(frozen=True, slots=True)
class PollCreated:
    """An event has a new poll."""

    event: CalendarEvent
    poll: Poll


@dataclass(frozen=True, slots=True)
class Ready:
    """A connection is registered: its account, session and newest chats (`next` asks for those behind them)."""

    account: Account
    session_id: str
    heads: Sequence[ChatSummary]
    next: str | None
    limits: Mapping[str, int]  # by the name of the setting: what one message may hold
    at: datetime  # the time at which the chats are as they are shown


@dataclass(frozen=True, slots=True)
class ChatSettingsChanged:
    """An account set something of its own settings of a chat by this entry; only its own devices are told."""

    entry: Entry
    settings: VisibleSettings


@dataclass(frozen=True, slots=True)
class SignedInElsewhere:
    """Another session of the account began; `device` is what that client calls itself, perhaps nothing."""

    session_id: str
    device: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Resync:
    """The client should sync now: something may have been missed."""


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
    | ChatCleared
    | ChatSettingsChanged
)


@dataclass(frozen=True, slots=True)
class SessionsRevoked:
    """Sessions are over: forget them and close their sockets."""

    session_ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class AccountChanged:
    """An account's profile, privacy, blocks or contacts differ from what a cache may hold."""

    account_id: int


@dataclass(frozen=True, slots=True)
class ChatMembersChanged:
    """A chat's members, roles or subject differ from what a cache may hold.

    `came` and `left`: the accounts that joined or left a large chat, or were in it when it became large, by the change `seq`.
    """

    chat_id: int
    seq: int = 0
    came: Collection[int] = ()
    left: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class PresenceChanged:
    """Accounts may have come or gone; their watchers look again."""

    account_ids: Collection[int]


@dataclass(frozen=True, slots=True)
class WentOffline:
    """An account said over REST that it is offline: its sockets no longer count, until one says that it is online."""

    account_id: int


@dataclass(frozen=True, slots=True)
class EntriesMissed:
    """Accounts, or all if None, may not have been told of something that is stored: their clients must sync."""

    account_ids: Collection[int] | None = None


@dataclass(frozen=True, slots=True)
class SignalsMissed:
    """This node may have missed what others told it, so nothing that it has cached is certain. Told to this node alone."""


Invalidation = (
    SessionsRevoked
    | AccountChanged
    | ChatMembersChanged
    | PresenceChanged
    | WentOffline
    | EntriesMissed
    | SignalsMissed
)
