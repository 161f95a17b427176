"""Bounds how many files are fetched by URL at once: each waits for a server that a stranger may have chosen for being slow."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from models.documents.session import Actor
from models.errors import RateLimited, Unavailable

AGAIN_MS = 1000


class LimitFetches:
    """At most `per_account` for one account, and `at_once` for all, on one node."""

    def __init__(self, *, per_account: int, at_once: int) -> None:
        self._per_account = per_account
        self._at_once = at_once
        self._under_way: Counter[int] = Counter()

    @contextmanager
    def one_for(self, actor: Actor) -> Iterator[None]:
        """One fetch, as long as the block. Raises RateLimited where the account has too many, Unavailable where all have."""
        account_id = actor.account_id
        if self._under_way[account_id] >= self._per_account:
            raise RateLimited(
                "Too many files are being fetched for you; wait for one of them.", retry_after_ms=AGAIN_MS
            )
        if self._under_way.total() >= self._at_once:
            raise Unavailable("Too many files are being fetched; try again.", retry_after_ms=AGAIN_MS)
        self._under_way[account_id] += 1
        try:
            yield
        finally:
            self._under_way[account_id] -= 1
            if not self._under_way[account_id]:
                del self._under_way[account_id]
