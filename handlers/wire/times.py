"""Points in time as clients see them, and as they send them."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import WithJsonSchema

from models.documents.phone import is_number
from models.errors import Malformed

EPOCH = datetime.fromtimestamp(0, UTC)
# The same as they are shown, described for the reference.
Time = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2016-06-06T10:00:00Z"]})]
Date = Annotated[
    str,
    WithJsonSchema(
        {
            "description": "UTC.",
            "type": "string",
            "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$",
            "examples": ["2016-06-06T10:00:00"],
        }
    ),
]


def show_time(at: datetime) -> str:
    """ISO 8601 in UTC with a trailing `Z`, fractions of a second only if there are any (events contract 1.1)."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def show_date(at: datetime) -> str:
    """ISO 8601 in UTC with seconds and no zone (messaging contract 1.3)."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds")


def read_date(value: Any, name: str) -> datetime | None:
    """Unix seconds, or ISO 8601 with a space or a T, as UTC where it names no zone; None for a missing or an empty one."""
    if value is None or value == "":
        return None
    try:
        text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
        if is_number(text):
            return datetime.fromtimestamp(int(text), UTC)
        at = datetime.fromisoformat(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise Malformed(f"{name} must be unix seconds or a date like 2016-06-06 10:00:00.") from None
