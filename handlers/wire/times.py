"""Points in time as clients see them."""

from datetime import UTC, datetime


def show_time(at: datetime) -> str:
    """ISO 8601 in UTC with a trailing `Z`, fractions of a second only if there are any (events contract 1.1)."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
