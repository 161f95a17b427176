"""Sessions: one sign-in of an account, listed and revocable; and the actor that a token stands for."""

from dataclasses import dataclass
from datetime import datetime


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
