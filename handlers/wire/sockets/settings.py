"""An account's settings of its chats as JSON (docs/protocol.md, "Own state")."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from handlers.wire.sockets.requests import SEQ_MAX, SIZE_MAX_BYTES, read_int, read_text
from handlers.wire.times import NotAnInstant, Time, names_time, read_instant
from models.documents.chat_settings import (
    ALWAYS,
    NotifyAbout,
    SavedDraft,
    Setting,
    SettingsChange,
    VisibleSettings,
)
from models.errors import Malformed
from models.services.chats.personal_log import AskedSettings

PLACE_MAX = SIZE_MAX_BYTES  # of a pinned chat: a time in milliseconds will do
FIELDS = ("muted_until", "notify", "archived", "pinned", "marked_unread", "draft")
_ALWAYS = "always"


class DraftShown(TypedDict):
    """A text that waits to be sent, perhaps as an answer."""

    text: str
    reply_to: NotRequired[int]


class SettingsShown(TypedDict):
    """What you have set for a chat; a field that is not there has its default, by which nothing is muted, archived or pinned."""

    muted_until: NotRequired[Time | Literal["always"] | None]
    notify: NotRequired[NotifyAbout]
    archived: NotRequired[bool]
    archived_seq: NotRequired[int]
    pinned: NotRequired[int | None]
    marked_unread: NotRequired[bool]
    draft: NotRequired[DraftShown | None]


def show_settings(shown: VisibleSettings) -> dict[str, object]:
    """Returns those of the fields of a chat's settings that differ from the default; {} for most chats."""
    own = shown.settings
    found: dict[str, object] = {}
    if own.muted_until is not None:
        found["muted_until"] = _show_end(own.muted_until)
    if own.notify is not NotifyAbout.ALL:
        found["notify"] = own.notify.value
    if own.archived is not None:
        found["archived"] = shown.is_archived
        found["archived_seq"] = own.archived
    if own.pinned is not None:
        found["pinned"] = own.pinned
    if shown.is_marked_unread:
        found["marked_unread"] = True
    if own.draft is not None:
        found["draft"] = _show_draft(own.draft)
    return found


def show_settings_change(change: SettingsChange) -> dict[str, object]:
    """Returns the fields that an entry sets, defaults included."""
    shown: dict[str, object] = {}
    for name, setting in change.items():
        shown |= _show_field(name, setting)
    return shown


def _show_field(name: str, setting: Setting) -> Mapping[str, object]:
    match name, setting:
        case "archived", int(seq):
            return {"archived": True, "archived_seq": seq}
        case (("archived" | "marked_unread"), None):
            return {name: False}
        case "marked_unread", _:
            return {name: True}
        case _, datetime() as end:
            return {name: _show_end(end)}
        case _, SavedDraft() as draft:
            return {name: _show_draft(draft)}
        case _, NotifyAbout() as notify:
            return {name: notify.value}
        case _:
            return {name: setting}


def _show_end(end: datetime) -> str:
    return _ALWAYS if end >= ALWAYS else end.isoformat(timespec="milliseconds")[:23] + "Z"


def _show_draft(draft: SavedDraft) -> dict[str, object]:
    return {"text": draft.text} if draft.reply_to is None else {"text": draft.text, "reply_to": draft.reply_to}


def read_settings(body: Mapping[str, Any], text_max_chars: int) -> AskedSettings:
    """Returns the settings that a request names, at least one. Null stands for the default. Raises Malformed and TooLong."""
    asked = {name: _read_field(body, name, text_max_chars) for name in FIELDS if name in body}
    if not asked:
        raise Malformed(f"Give at least one of {', '.join(FIELDS)}.")
    return asked


def _read_field(body: Mapping[str, Any], name: str, text_max_chars: int) -> Setting | bool:
    value = body[name]
    match name:
        case "muted_until":
            return _read_end(value)
        case "notify":
            return _read_notify(value)
        case "pinned":
            return None if value is None else read_int(body, "pinned", 0, PLACE_MAX)
        case "draft":
            return None if value is None else _read_draft(value, text_max_chars)
        case _:
            if value is not None and not isinstance(value, bool):
                raise Malformed(f"{name}: must be true or false.")
            return bool(value)


def _read_end(value: object) -> datetime | None:
    """Returns the end of a mute, ALWAYS for none; None for a chat that is not muted."""
    if value is None:
        return None
    if value == _ALWAYS:
        return ALWAYS
    try:
        if not isinstance(value, str) or not names_time(value):
            raise NotAnInstant
        return min(read_instant(value).astimezone(UTC), ALWAYS)
    except (ValueError, OverflowError):
        raise Malformed('muted_until: must be a time like 2027-06-06T18:30:00Z, "always" or null.') from None


def _read_notify(value: object) -> NotifyAbout:
    if value is None:
        return NotifyAbout.ALL
    try:
        return NotifyAbout(value)  # type: ignore[arg-type]
    except ValueError:
        raise Malformed("notify: must be all, mentions or none.") from None


def _read_draft(value: object, text_max_chars: int) -> SavedDraft:
    if not isinstance(value, Mapping):
        raise Malformed("draft: must be an object with a text, or null.")
    reply_to = None if value.get("reply_to") is None else read_int(value, "reply_to", 1, SEQ_MAX)
    return SavedDraft(read_text(value, "text", text_max_chars), reply_to)
