"""Sessions: one sign-in of an account or of a login, listed and revocable; and the actor that a token stands for."""

from dataclasses import dataclass
from datetime import datetime

from models.documents.account import Account
from models.documents.graphemes import cut
from models.documents.plain_line import one_line

DEVICE_MAX_CHARS = 200  # a user agent tells its browser and system well before that


@dataclass(frozen=True, slots=True)
class Grant:
    """What OAuth gave to a client. Each refresh raises `generation`; tokens of earlier ones are void."""

    client_id: str
    scope: str
    generation: int
    token_expires_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in. `device` is what the client called itself (user agent or name); `id` is 128 random bits in hex.

    It belongs to an account (proved by a pin) or to a login (OAuth, then with its `grant`); the other id is None.
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
        """A session of OAuth outlives its access token: the refresh token goes on with it."""
        return self.expires_at if self.grant is None else self.grant.token_expires_at


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is asking: an account, through which session. `login_id`: the login that the session belongs to, if to one.

    `generation`: of the token that was shown (see Grant).
    """

    account_id: int
    number: str
    session_id: str
    login_id: int | None = None
    generation: int = 0


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose session a token carries: an account's, which is then the `actor`, or a login's, which chooses among its accounts."""

    session_id: str
    actor: Actor | None = None
    login_id: int | None = None
    generation: int = 0


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid token says: which session, of which account or login, of which generation (see Grant)."""

    account_id: int | None
    session_id: str
    login_id: int | None = None
    generation: int = 0


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What OAuth hands out: the access token is good until `expires_at`, the refresh token for one refresh."""

    access: str
    refresh: str
    expires_at: datetime
    scope: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """An account, and the token that stands for it, of the session with this id."""

    account: Account
    token: str
    session_id: str = ""


def device_name(text: str) -> str:
    """Returns the name a client gives itself: one line, short enough to list, without bytes that are no text."""
    return cut(one_line(text.encode(errors="replace").decode()), DEVICE_MAX_CHARS)
