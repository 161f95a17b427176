"""Sessions: a sign-in of an account or of a login; and the actor that a token acts for."""

from dataclasses import dataclass
from datetime import datetime

from models.documents.account import Account
from models.documents.graphemes import cut
from models.documents.plain_line import one_line

DEVICE_MAX_CHARS = 200  # a user agent names its browser and system well before that


@dataclass(frozen=True, slots=True)
class Grant:
    """The grant of OAuth to a client. Each refresh raises `generation`, which voids the tokens of earlier ones."""

    client_id: str
    scope: str
    generation: int
    token_expires_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in. `device` is the client's user agent or name for itself; `id` is 128 random bits in hex.

    It belongs to an account, whose number was proved by a code, or to a login (OAuth, with a `grant`); the other id is
    None.
    """

    id: str
    account_id: int | None
    device: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    login_id: int | None = None
    grant: Grant | None = None

    @property
    def generation(self) -> int:
        return 0 if self.grant is None else self.grant.generation

    @property
    def token_expires_at(self) -> datetime:
        """Returns when the access token expires. A session of OAuth lives longer, by its refresh token."""
        return self.expires_at if self.grant is None else self.grant.token_expires_at


@dataclass(frozen=True, slots=True)
class Actor:
    """The account that a request acts for, and its session. `login_id` is the login that the session belongs to, if any.

    `generation` is that of the request's token (see Grant).
    """

    account_id: int
    number: str
    session_id: str
    login_id: int | None = None
    generation: int = 0


@dataclass(frozen=True, slots=True)
class Identity:
    """The owner of a session: the account `actor`, or the login `login_id`, which chooses an account for each request."""

    session_id: str
    actor: Actor | None = None
    login_id: int | None = None
    generation: int = 0


@dataclass(frozen=True, slots=True)
class Claims:
    """The contents of a valid token: a session, its account or login, and the token's generation (see Grant)."""

    account_id: int | None
    session_id: str
    login_id: int | None = None
    generation: int = 0


@dataclass(frozen=True, slots=True)
class TokenPair:
    """The tokens of OAuth. The access token is good until `expires_at`, the refresh token for one refresh."""

    access: str
    refresh: str
    expires_at: datetime
    scope: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """An account, and the token of a session of it with this id."""

    account: Account
    token: str
    session_id: str = ""


def device_name(text: str) -> str:
    """Returns a client's name for itself as one line, short enough for lists and without bytes that are no text."""
    return cut(one_line(text.encode(errors="replace").decode()), DEVICE_MAX_CHARS)
