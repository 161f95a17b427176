"""Notifications: texts for devices without a connected client, and for phones by SMS.

Each has a key that names its fact and its addressee ("rsvp 12 34 2030-01-01T12:00:00Z"). One key is delivered once, however
often and on however many nodes it is queued.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from models.documents.graphemes import cut

Scalar = str | int | float | bool | None

ALERT_MAX_CHARS = 500  # several lines of a lock screen; with the other fields well below the 4 KiB that Apple accepts
# The types of docs/events-api.md, "Pushes", and "message" for messages of chats, and "sign_in".
INVITE, RSVP, CHANGE, REMINDER, NEW_USER, MESSAGE = "invite", "rsvp", "change", "reminder", "new_user", "message"
SIGN_IN = "sign_in"


@dataclass(frozen=True, slots=True)
class Device:
    """A device of an account, by the token that Apple gave it. `session_id` is the session that registered it."""

    token: str
    account_id: int
    session_id: str
    registered_at: datetime


@dataclass(frozen=True, slots=True)
class Notification:
    """A push to all devices of an account. `data` and `type` are sent beside `aps` (docs/events-api.md, "Pushes").

    It may be shown from `at` on, and expires a day later. A newer notification with an equal `collapse` replaces it on the
    screen. `unquoted` replaces `alert` if that quotes a message whose text was changed before the delivery. From `until` on nothing of
    it may be shown, or kept.
    """

    key: str
    account_id: int
    alert: str
    type: str
    at: datetime
    data: Mapping[str, Scalar] = field(default_factory=dict)
    collapse: str | None = None
    unquoted: str | None = None
    until: datetime | None = None

    def is_for(self, device: Device) -> bool:
        """Returns whether a device of the account shows it. A device does not show the sign-in that was made on it."""
        return not (self.type == SIGN_IN and self.data.get("session") == device.session_id)


@dataclass(frozen=True, slots=True)
class Sms:
    """An SMS without a code, such as an invitation. `phone_text` is its recipient in international form."""

    key: str
    phone_text: str
    body: str
    at: datetime


def shortened(text: str, max_chars: int = ALERT_MAX_CHARS) -> str:
    """Returns the beginning of a text, of at most `max_chars` code points with the ellipsis that marks the cut."""
    return text if len(text) <= max_chars else cut(text, max_chars - 1).rstrip() + "…"
