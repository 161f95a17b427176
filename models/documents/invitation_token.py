"""Invitation tokens: the secret in a link that is texted to somebody without the app."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class InvitationToken:
    """Lets its holder act for `account_id` at one event, until that number is proved (docs/events-api.md, "Invitation pages")."""

    event_id: int
    account_id: int
    created_at: datetime
    last_used_at: datetime | None = None
