"""Notifications: what is shown on somebody's devices, or texted to a phone, when no client is there to tell.

Whoever composes one gives it a key that names what it tells and to whom ("rsvp 12 34 2030-01-01T12:00:00Z"): the same key
is delivered once, however often and on however many nodes it is queued.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from models.documents.graphemes import cut

Scalar = str | int | float | bool | None

ALERT_MAX_CHARS = 500  # several lines of a lock screen; with the rest well below the 4 KiB that Apple takes
# The types of the events contract, section 7, "message" for what is written in a chat, and "sign_in".
INVITE, RSVP, CHANGE, REMINDER, NEW_USER, MESSAGE = "invite", "rsvp", "change", "reminder", "new_user", "message"
SIGN_IN = "sign_in"


@dataclass(frozen=True, slots=True)
class Device:
    """One device of an account, by the token that Apple gave it. `session_id` is the sign-in by which it was registered."""

    token: str
    account_id: int
    session_id: str
    registered_at: datetime


@dataclass(frozen=True, slots=True)
class Notification:
    """For every device of one account. `data` travels beside `aps`, and `type` with it (events contract, section 7).

    `at` is from when on it may be shown; it is given up a day later. `collapse` names what a newer notification replaces
    on the screen; without one, nothing is replaced. `unquoted` is what to show where the alert quotes a message whose words were
    changed before it was shown.
    """

    key: str
    account_id: int
    alert: str
    type: str
    at: datetime
    data: Mapping[str, Scalar] = field(default_factory=dict)
    collapse: str | None = None
    unquoted: str | None = None

    def is_for(self, device: Device) -> bool:
        """Whether a device of the account is to show it: nobody is told of the sign-in that they have just made."""
        return not (self.type == SIGN_IN and self.data.get("session") == device.session_id)


@dataclass(frozen=True, slots=True)
class Sms:
    """An SMS that carries no code, such as an invitation. `phone_text` is where it goes, in international form."""

    key: str
    phone_text: str
    body: str
    at: datetime


def shortened(text: str, max_chars: int = ALERT_MAX_CHARS) -> str:
    """Returns the beginning of a text, at most `max_chars` code points with the ellipsis where it was cut."""
    return text if len(text) <= max_chars else cut(text, max_chars - 1).rstrip() + "…"
