"""Invitation tokens: what stands in the link that is texted to somebody without the app."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class InvitationToken:
    """Who holds it acts for `account_id` at this one event, as often as is liked, until that number is proved (events contract, section 8)."""

    event_id: int
    account_id: int
    created_at: datetime
    last_used_at: datetime | None = None
