"""Invitation tokens: the secret in a link that is texted to somebody without the app."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class InvitationToken:
    """Lets its holder act for `account_id` at one event (docs/events-api.md, "Invitation pages").

    It ends when that number is proved.
    """

    event_id: int
    account_id: int
    created_at: datetime
    last_used_at: datetime | None = None
