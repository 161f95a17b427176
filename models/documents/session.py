"""Sessions: one sign-in of an account, listed and revocable; and the actor that a token stands for."""

from dataclasses import dataclass
from datetime import datetime

from models.documents.account import Account

DEVICE_MAX_CHARS = 200  # a user agent tells its browser and system well before that


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in. `device` is what the client called itself (user agent or name); `id` is 128 random bits in hex."""

    id: str
    account_id: int
    device: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is asking: the account that a valid token stands for, through which session."""

    account_id: int
    number: str
    session_id: str


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid token says: which session of which account."""

    account_id: int
    session_id: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """An account, and the token that stands for it."""

    account: Account
    token: str


def device_name(text: str) -> str:
    """What a client called itself, short enough to list, and without what is no text (a header may hold any byte)."""
    return text.encode(errors="replace").decode().strip()[:DEVICE_MAX_CHARS]
