"""The wall clock of the running server."""

from datetime import UTC, datetime


class SystemClock:
    """Returns the present time in aware UTC. The order of messages never depends on it: sequence numbers decide that."""

    def now(self) -> datetime:
        return datetime.now(UTC)
