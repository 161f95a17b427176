"""What the business needs from outside: implemented in server/, joined in server/wiring/."""

from collections.abc import AsyncIterator, Collection, Hashable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from models.documents.chat import Chat
from models.documents.default_picture import DefaultPicture
from models.documents.facebook import FacebookFriend, FacebookProfile
from models.documents.notification import Notification
from models.documents.photo import Picture, Rendition
from models.documents.session import Claims, Session
from models.facts import Fact, Invalidation


class Clock(Protocol):
    """The wall clock, in aware UTC; tests set it back."""

    def now(self) -> datetime: ...


class Fanout(Protocol):
    """Tells clients. Neither call waits or fails: delivery is a hint, the log is the truth."""

    def publish(self, event: Fact, to: Collection[int], *, chat: Chat | None = None) -> None:
        """Show `event` to every socket of these accounts, on every node.

        With `chat`, all of them have been in that chat for a while: a large one has a channel, on which nodes listen for its
        members. `to` must not be changed afterwards: the same object again is the same audience, and is encoded once.
        """
        ...

    def send_to_connection(self, event: Fact, connection: str) -> None:
        """Show `event` to one connection of this node."""
        ...

    def signal(self, signal: Invalidation) -> None:
        """Tell every node, this one too, what it can no longer believe (a cache entry, a session), or whom to tell to sync."""
        ...


class CodeSender(Protocol):
    """Brings a one-time code to a number, by SMS or by a voice call."""

    async def send(self, phone_text: str, body: str, *, code: str, channel: str) -> None:
        """`channel` is "sms" or "voice". A number that cannot receive is logged and swallowed; raises Unavailable otherwise."""
        ...


class TextSender(Protocol):
    """Brings a text that is no code to a phone, by SMS."""

    async def send_text(self, phone_text: str, body: str) -> None:
        """A number that cannot receive is logged and swallowed; raises Unavailable when trying again later may help."""
        ...


@dataclass(frozen=True, slots=True)
class Delivered:
    """The service took it; from there on it is the service's."""


@dataclass(frozen=True, slots=True)
class Gone:
    """The device will never get anything again under this token; `since` when, if the service says so."""

    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class RetryLater:
    """Not now; `after_s` is how long the service wants to be left alone, if it says so."""

    reason: str
    after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Not this notification to this device, now or ever; the device itself is not at fault."""

    reason: str


Outcome = Delivered | Gone | RetryLater | Refused


class PushSender(Protocol):
    """Brings a notification to one device."""

    async def send(self, notification: Notification, token: str) -> Outcome:
        """Never raises, and ends in bounded time; the same notification and token have the same id with the service."""
        ...


class ConnectedAccounts(Protocol):
    """Which accounts hold a socket, on any node."""

    async def list_connected(self, account_ids: Collection[int]) -> set[int]:
        """Those of these accounts that hold one. Whom it cannot ask about it leaves out: one push too many is no loss."""
        ...


class Tokens(Protocol):
    """Signs what a session carries around, and reads it back."""

    def sign(self, session: Session) -> str:
        """The access token of this session, good until `session.token_expires_at`; the same text each time."""
        ...

    def read(self, token: str) -> Claims:
        """What an access token says; raises Unauthenticated for one that was not signed here or has expired."""
        ...

    def sign_refresh(self, session: Session) -> str:
        """The refresh token of an OAuth session's present generation; it does not expire by itself."""
        ...

    def read_refresh(self, token: str) -> Claims:
        """What a refresh token says; raises Unauthenticated for one that was not signed here."""
        ...


class Passwords(Protocol):
    """Hashes passwords and compares them, away from the event loop and few at a time."""

    async def hash(self, password: str) -> str:
        """A text that proves nothing but a comparison; another one each time. Raises RateLimited when too many wait."""
        ...

    async def matches(self, password: str, password_hash: str | None) -> bool:
        """Whether the hash is of this password; without a hash False, after as much work. Raises RateLimited likewise."""
        ...

    def is_outdated(self, password_hash: str) -> bool:
        """Whether this hash was made with other parameters than are used now."""
        ...


@dataclass(frozen=True, slots=True)
class OnlineLookup:
    """Those of some accounts that are online; without `is_sure` others of them may be, too, and nobody can tell now."""

    online: frozenset[int]
    is_sure: bool


@dataclass(frozen=True, slots=True)
class OrphanedAccounts:
    """Accounts that a node which is gone was the last to speak for, and how long ago that node was seen last."""

    account_ids: set[int]
    age_s: float


class PresenceStore(Protocol):
    """Which accounts are online on which nodes. Every node says so of its own, and sweeps for those that are gone."""

    async def write(self, came: Collection[int], left: Collection[int]) -> set[int] | None:
        """These are online on this node from now on, and those no longer; who thereby came first or left last of all nodes.

        None when it could not be written: to be said again.
        """
        ...

    async def list_written(self) -> set[int] | None:
        """The accounts that are written as online on this node; None when that cannot be read now."""
        ...

    async def look(self, account_ids: Collection[int]) -> OnlineLookup:
        """Which of these are online on any node, as far as it is written."""
        ...

    def list_gone(self) -> list[str]:
        """Nodes that crashed or left, longer ago than the grace of a reconnect, and have not been swept."""
        ...

    async def claim(self, node: str) -> OrphanedAccounts | None:
        """Sweep for this gone node from now on, some hundred accounts at a time: its next ones, none when all is done.

        None when another node sweeps it or it is back. Raises when it cannot be asked.
        """
        ...

    async def sweep(self, node: str, account_ids: Collection[int]) -> set[int]:
        """These are not online on the gone node; those that are online nowhere now. Raises when it cannot be written."""
        ...


class Imaging(Protocol):
    """Shrinks pictures. The result is upright, opaque, and tells nothing of where and by what it was taken.

    `by` is who asks: an account, or the address of a stranger. Askers take turns, and each may have so many pictures made.
    All raise Malformed for what is no picture or would cost too much, RateLimited when this asker has had too many made or
    has too many waiting, and Unavailable when all together have.
    """

    async def make_photo(self, content: AsyncIterator[bytes], *, below_bytes: int, by: Hashable = None) -> Picture:
        """The centre square in both sizes of models.documents.photo, with its renditions. Raises TooLarge."""
        ...

    async def make_renditions(self, content: AsyncIterator[bytes], *, by: Hashable = None) -> Mapping[Rendition, bytes]:
        """All renditions of a photo that was stored without them."""
        ...

    async def make_thumbnail(self, content: AsyncIterator[bytes], *, by: Hashable = None) -> bytes:
        """A small JPEG of the whole picture."""
        ...


class Drawing(Protocol):
    """Draws pictures of people without a photo."""

    async def draw(self, picture: DefaultPicture, rendition: Rendition) -> bytes:
        """Returns a JPEG of the form's size; the same again for the same."""
        ...


@dataclass(frozen=True, slots=True)
class Fetched:
    """The answer of a URL: where it was found after all redirects, its type and its name as told there, and the bytes."""

    url: str
    mime_type: str
    content: AsyncIterator[bytes]
    file_name: str = ""


class Fetcher(Protocol):
    """Fetches what other people's URLs name, and nothing that only this machine or its network may reach."""

    def open(self, url: str) -> AbstractAsyncContextManager[Fetched]:
        """Raises UrlRefused, from reading the content too: bad URL, forbidden address, no answer, not 200, too slow."""
        ...


class Facebook(Protocol):
    """Asks Facebook about the person whose access token it is given.

    Both raise FacebookTokenRefused when Facebook says no, and Unavailable when it says nothing.
    """

    async def read_profile(self, token: str) -> FacebookProfile: ...

    async def list_friends(self, token: str) -> list[FacebookFriend]:
        """Those friends who use this app too, as far as they fit into one answer of Facebook's."""
        ...
