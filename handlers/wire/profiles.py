"""Profiles on the messaging API: one's own parts, and those of others (messaging contract, sections 4 and 6)."""

from collections.abc import Iterable, Mapping

from handlers.wire.fields import Fields, read_name, read_numbers
from handlers.wire.times import show_date
from models.documents.account import (
    NICKNAME_MAX_CHARS,
    STATUS_MAX_CHARS,
    Privacy,
    StatusChange,
    Visibility,
)
from models.documents.phone import digits_of
from models.documents.pin import MESSAGING_DIGITS
from models.errors import Malformed
from models.events import PresenceShown

PRIVACY_PARTS = ("status_message", "photo", "last_seen")
STATUSES = ("online", "offline")


def read_code(fields: Fields) -> str:
    """The digits of a code, separators left out. Whoever sends an integer cannot send the zeros a code begins with."""
    code = fields.get("code")
    if isinstance(code, int) and not isinstance(code, bool):
        code = f"{code:0{MESSAGING_DIGITS}}"
    if not isinstance(code, str) or not code.strip():
        raise Malformed("code is needed.")
    try:
        return digits_of(code)
    except Malformed:
        raise Malformed("code must be digits.") from None


def read_status_message(fields: Fields) -> str:
    text = read_name(fields, "status_message", STATUS_MAX_CHARS)
    if text is None:
        raise Malformed("status_message is needed, and may not be empty.")
    return text


def read_nickname(fields: Fields) -> str:
    """It must be there, and may be empty."""
    if "nickname" not in fields:
        raise Malformed("nickname is needed; it may be empty.")
    return find_nickname(fields)


def find_nickname(fields: Fields) -> str:
    return read_name(fields, "nickname", NICKNAME_MAX_CHARS) or ""


def read_connected_status(fields: Fields) -> bool:
    status = fields.get("connected_status")
    if status not in STATUSES:
        raise Malformed("connected_status must be online or offline.")
    return bool(status == "online")


def read_privacy(fields: Fields) -> dict[str, Visibility]:
    """The parts that are given, at least one; one wrong value refuses them all."""
    given = {part: fields[part] for part in PRIVACY_PARTS if part in fields}
    if not given:
        raise Malformed(f"Give at least one of {', '.join(PRIVACY_PARTS)}.")
    parts = {}
    for part, value in given.items():
        if value not in tuple(Visibility):
            raise Malformed(f"{part} must be none, contacts or all.")
        parts[part] = Visibility(value)
    return parts


def read_blocked(fields: Fields) -> list[str]:
    """The numbers to block, under `numbers` or `contacts`; an empty list is one (design section 9). Raises Malformed."""
    name = "contacts" if "numbers" not in fields and "contacts" in fields else "numbers"
    if fields.get(name) == []:
        return []
    return read_numbers(fields, name)


def read_feedback(fields: Fields) -> str:
    """Free text, of which so much is kept as fits into a line of the log."""
    feedback = fields.get("feedback")
    return feedback[:STATUS_MAX_CHARS] if isinstance(feedback, str) else ""


def show_privacy(privacy: Privacy | Mapping[str, Visibility]) -> dict[str, str]:
    parts = privacy if isinstance(privacy, Mapping) else {part: getattr(privacy, part) for part in PRIVACY_PARTS}
    return {part: visibility.value for part, visibility in parts.items()}


def show_code_sent(channel: str) -> dict[str, object]:
    return {"id": "code_request", "method": channel, "length": MESSAGING_DIGITS}


def show_statuses(statuses: Iterable[tuple[str, str | None]]) -> dict[str, object]:
    return {"statuses_messages": [{"contact_id": number, "status_message": text} for number, text in statuses]}


def show_status_history(number: str, changes: Iterable[StatusChange]) -> dict[str, object]:
    return {
        "values": [
            {"contact_id": number, "status_message": change.text, "updated": show_date(change.at)} for change in changes
        ]
    }


def show_presences(presences: Iterable[PresenceShown]) -> dict[str, object]:
    return {
        "connected_statuses": [
            {
                "contact_id": shown.number,
                "connected_status": shown.status,
                "last_seen": None if shown.last_seen is None else show_date(shown.last_seen),
            }
            for shown in presences
        ]
    }
