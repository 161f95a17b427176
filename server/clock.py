"""The wall clock of the running server."""

from datetime import UTC, datetime


class SystemClock:
    """Now, in aware UTC. Order never hangs on it: seqs do that."""

    def now(self) -> datetime:
        return datetime.now(UTC)
