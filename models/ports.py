"""The interfaces that the business needs from outside: implemented in server/, and put together in server/wiring/."""

from collections.abc import AsyncIterator, Callable, Collection, Hashable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from models.documents.chat import Chat
from models.documents.default_picture import DefaultPicture
from models.documents.facebook import FacebookFriend, FacebookProfile
from models.documents.link_preview import PageFacts
from models.documents.media import Box, Recording, Thumbnail
from models.documents.notification import Notification
from models.documents.photo import Picture, Rendition
from models.documents.session import Claims, Session
from models.facts import Fact, Invalidation


class Clock(Protocol):
    """The wall clock, as aware UTC. Tests set it."""

    def now(self) -> datetime: ...


class Fanout(Protocol):
    """Sends facts to clients, and signals to nodes.

    No call waits or fails: delivery is a hint, and the log is the truth.
    """

    def publish(self, event: Fact, to: Collection[int], *, chat: Chat | None = None) -> None:
        """Send a fact to all sockets of these accounts, on every node.

        `chat` is given if all of them have been in that chat for a while: a large chat has a channel, on which nodes listen
        for its members. `to` must not be changed afterwards: the fan-out recognises an audience by the object, and encodes
        for it once.
        """
        ...

    def send_to_connection(self, event: Fact, connection: str) -> None:
        """Send a fact to one connection of this node."""
        ...

    def signal(self, signal: Invalidation) -> None:
        """Tell every node, this one included, which cached values are outdated, or which accounts must sync."""
        ...


class CodeSender(Protocol):
    """Sends a one-time code to a number, by SMS or voice call."""

    async def send(self, phone_text: str, body: str, *, code: str, channel: str, language: str = "en") -> None:
        """Send the code. `channel` is "sms" or "voice"; a voice needs to know the `language` of the body.

        If the number cannot receive it, that is logged and no error. Raises Unavailable if the provider fails.
        """
        ...


class TextSender(Protocol):
    """Sends SMS without a code."""

    async def send_text(self, phone_text: str, body: str) -> None:
        """Send the text.

        If the number cannot receive it, that is logged and no error. Raises Unavailable if trying again later may help.
        """
        ...


@dataclass(frozen=True, slots=True)
class Delivered:
    """The service accepted the notification, and is responsible for it from now on."""


@dataclass(frozen=True, slots=True)
class Gone:
    """The device no longer receives anything under this token; `since` this time, if the service says so."""

    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class RetryLater:
    """The service cannot accept it now. `after_s` is how long it asks to wait, if it says so."""

    reason: str
    after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The service never accepts this notification to this device, without the device being at fault."""

    reason: str


Outcome = Delivered | Gone | RetryLater | Refused


class PushSender(Protocol):
    """Sends a notification to one device."""

    async def send(self, notification: Notification, token: str) -> Outcome:
        """Send the notification. Never raises, and ends in bounded time.

        The service sees the same id for the same notification and token.
        """
        ...


class ConnectedAccounts(Protocol):
    """Knows which accounts have a socket, on any node."""

    async def list_connected(self, account_ids: Collection[int]) -> set[int]:
        """Returns those of these accounts that have one.

        Accounts that it cannot ask about are left out, and get a push too many.
        """
        ...


class Tokens(Protocol):
    """Signs the tokens of sessions, and reads them."""

    def sign(self, session: Session) -> str:
        """Returns the access token of this session, which is good until `session.token_expires_at`; an equal text each time."""
        ...

    def read(self, token: str) -> Claims:
        """Returns the contents of an access token.

        Raises Unauthenticated for one that was not signed here or has expired.
        """
        ...

    def sign_refresh(self, session: Session) -> str:
        """Returns the refresh token of an OAuth session's present generation. It does not expire by itself."""
        ...

    def read_refresh(self, token: str) -> Claims:
        """Returns the contents of a refresh token. Raises Unauthenticated for one that was not signed here."""
        ...


class Passwords(Protocol):
    """Hashes and compares passwords, outside the event loop and a few at a time."""

    async def hash(self, password: str) -> str:
        """Returns a salted hash, another one each time. Raises RateLimited if too many callers wait."""
        ...

    async def matches(self, password: str, password_hash: str | None) -> bool:
        """Returns whether the hash is of this password. Without a hash returns False, after equal work.

        Raises RateLimited if too many callers wait.
        """
        ...

    def is_outdated(self, password_hash: str) -> bool:
        """Returns whether this hash was made with other parameters than are used now."""
        ...


@dataclass(frozen=True, slots=True)
class OnlineLookup:
    """The online ones of some accounts. If not `is_sure`, others of them may be online, and nobody can tell now."""

    online: frozenset[int]
    is_sure: bool


@dataclass(frozen=True, slots=True)
class OrphanedAccounts:
    """Accounts that only a node which is gone reported as online, and how long ago that node was last seen."""

    account_ids: set[int]
    age_s: float


class PresenceStore(Protocol):
    """Stores which accounts are online on which nodes. Each node reports its own, and sweeps for nodes that are gone."""

    async def write(self, came: Collection[int], left: Collection[int]) -> set[int] | None:
        """Store that these accounts came online on this node, and those left.

        Returns the accounts that thereby came online first or left last of all nodes, or None if it could not be written:
        then it has to be reported again.
        """
        ...

    async def list_written(self) -> set[int] | None:
        """Returns the accounts that are stored as online on this node, or None if that cannot be read now."""
        ...

    async def look(self, account_ids: Collection[int]) -> OnlineLookup:
        """Returns which of these accounts are stored as online on any node."""
        ...

    def list_gone(self) -> list[str]:
        """Returns the nodes that crashed or left longer ago than the grace time for reconnecting, and are not swept yet."""
        ...

    async def claim(self, node: str) -> OrphanedAccounts | None:
        """Take over the sweep of a node that is gone.

        Each call returns some hundred of its accounts, and none when all are done.

        Returns None if another node sweeps it, or it is back. Raises if it cannot be asked.
        """
        ...

    async def sweep(self, node: str, account_ids: Collection[int]) -> set[int]:
        """Store that these accounts are not online on a node that is gone. Returns those that are online nowhere now.

        Raises if it cannot be written.
        """
        ...


class Imaging(Protocol):
    """Shrinks pictures, and looks into videos and sounds. Pictures that it makes are upright and opaque, and carry no data on where and with what the picture was taken.

    `by` is the asker: an account, or the address of a stranger. Askers take turns, and each may have so many pictures made.
    All methods raise Malformed for data that is none or would cost too much, RateLimited if this asker had too many
    made or has too many waiting, and Unavailable if all together have.
    """

    async def make_photo(self, content: AsyncIterator[bytes], *, below_bytes: int, by: Hashable = None) -> Picture:
        """Returns the centre square in both sizes of models/documents/photo.py, with its renditions. Raises TooLarge."""
        ...

    async def make_renditions(self, content: AsyncIterator[bytes], *, by: Hashable = None) -> Mapping[Rendition, bytes]:
        """Returns all renditions of a photo that was stored without them."""
        ...

    async def make_thumbnail(self, content: AsyncIterator[bytes], *, by: Hashable = None) -> Thumbnail:
        """Returns a small JPEG of the whole picture, and what is shown in the picture's place until it is there."""
        ...

    async def clean_image(self, content: AsyncIterator[bytes], *, by: Hashable = None) -> bytes | None:
        """Returns an image without what its camera and editors wrote beside the pixels, which stay as they are encoded.

        Returns None if there is nothing to remove. Raises Malformed for a format that has to be converted.
        """
        ...

    async def find_metadata(self, content: AsyncIterator[bytes], *, by: Hashable = None) -> Sequence[Box]:
        """Returns where a film in MP4, 3GP or QuickTime holds what its camera wrote beside it.

        Raises Malformed for a film that does so in more places than anybody needs.
        """
        ...

    async def convert_image(self, content: AsyncIterator[bytes], *, by: Hashable = None) -> bytes:
        """Returns a picture of any format as a JPEG, whole, and large enough to be enlarged."""
        ...

    async def examine_video(self, content: AsyncIterator[bytes], *, by: Hashable = None) -> Recording:
        """Returns the length of a video, where it can be told, and a picture of it."""
        ...

    async def examine_sound(self, content: AsyncIterator[bytes], *, by: Hashable = None) -> Recording:
        """Returns the length and the waveform of a sound."""
        ...


class PageReader(Protocol):
    """Reads what web pages say of themselves."""

    async def read_page(self, content: AsyncIterator[bytes], *, charset: str, by: Hashable = None) -> PageFacts:
        """Returns the facts of a page in HTML, at the cost of `by`. `charset` is what its server says, perhaps nothing.

        Raises Malformed for a page that costs too much, and RateLimited and Unavailable as Imaging does.
        """
        ...


class Drawing(Protocol):
    """Draws pictures of people without a photo."""

    async def draw(self, picture: DefaultPicture, rendition: Rendition) -> bytes:
        """Returns a JPEG of this size, with equal bytes for equal pictures."""
        ...


@dataclass(frozen=True, slots=True)
class Fetched:
    """The answer of a URL: its address after all redirects, its type and file name as its server says, and the bytes."""

    url: str
    mime_type: str
    content: AsyncIterator[bytes]
    file_name: str = ""


class Fetcher(Protocol):
    """Fetches URLs of other people, but nothing that only this machine or its network can reach."""

    def open(self, url: str, on_hop: Callable[[str], None] = ...) -> AbstractAsyncContextManager[Fetched]:
        """Yields the answer of a URL. Calls `on_hop` with it and with each URL it redirects to before that is asked.

        Raises UrlRefused, also while the content is read: bad URL, forbidden address, no answer, not 200, too slow.
        """
        ...


class Facebook(Protocol):
    """Asks Facebook about the person whose access token it gets.

    Both methods raise FacebookTokenRefused if Facebook refuses the token, and Unavailable if it does not answer.
    """

    async def read_profile(self, token: str) -> FacebookProfile: ...

    async def list_friends(self, token: str) -> list[FacebookFriend]:
        """Returns the friends who use this app too, as many as fit into one answer of Facebook."""
        ...
