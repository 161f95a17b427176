"""Limits on how often: token buckets by key, kept in memory of one node."""

from collections.abc import Hashable
from dataclasses import dataclass
from math import ceil
from time import monotonic

from models.errors import RateLimited

KEYS_MAX = 200_000  # about 100 bytes each; a full bucket says nothing, so the oldest may go


@dataclass(frozen=True, slots=True)
class Allowance:
    """How often may be asked: `most` at once after a pause of `full_after_s`; now `left`, and all again in `full_in_s` seconds."""

    most: int
    full_after_s: int
    left: int
    full_in_s: int


class TokenBuckets:
    """`per_s` tokens come back each second, up to `burst`; a monotonic clock, so that setting the wall clock frees nobody."""

    def __init__(self, per_s: float, burst: float, *, is_enabled: bool = True) -> None:
        self._per_s = per_s
        self._burst = burst
        self._is_enabled = is_enabled
        self._buckets: dict[Hashable, tuple[float, float]] = {}

    def take(self, key: Hashable) -> None:
        """Take one token, or raise RateLimited with the time until the next."""
        if not self._is_enabled:
            return
        now = monotonic()
        tokens = self._refilled(key, now)
        is_refused = tokens < 1
        self._keep(key, tokens if is_refused else tokens - 1, now)
        if is_refused:
            raise RateLimited(retry_after_ms=int((1 - tokens) / self._per_s * 1000) + 1)

    def charge(self, key: Hashable, tokens: float, *, owed_buckets: float = 1) -> None:
        """Take so many tokens, for what turned out to be dear; at most as many as so many full buckets have are owed."""
        if self._is_enabled:
            now = monotonic()
            self._keep(key, max(-self._burst * owed_buckets, self._refilled(key, now) - tokens), now)

    def allowance(self, key: Hashable) -> Allowance | None:
        """Returns how much a bucket still holds; None where there are no limits."""
        if not self._is_enabled:
            return None
        tokens, since = self._buckets.get(key, (self._burst, 0.0))
        tokens = min(self._burst, tokens + (monotonic() - since) * self._per_s)
        return Allowance(
            most=int(self._burst),
            full_after_s=ceil(self._burst / self._per_s),
            left=max(0, int(tokens)),
            full_in_s=ceil((self._burst - tokens) / self._per_s),
        )

    def _refilled(self, key: Hashable, now: float) -> float:
        tokens, since = self._buckets.pop(key, (self._burst, now))
        return min(self._burst, tokens + (now - since) * self._per_s)

    def _keep(self, key: Hashable, tokens: float, now: float) -> None:
        if len(self._buckets) >= KEYS_MAX:
            self._buckets.pop(next(iter(self._buckets)))
        self._buckets[key] = (tokens, now)
