"""Token buckets by key, in the memory of one node: how often somebody may do something."""

from collections.abc import Hashable
from dataclasses import dataclass
from math import ceil
from time import monotonic

from models.errors import RateLimited

KEYS_MAX = 200_000  # about 100 bytes each; the oldest are dropped, which are most likely full again


@dataclass(frozen=True, slots=True)
class Allowance:
    """The state of a bucket, as clients are shown it.

    `most` is how many are allowed at once after a pause of `full_after_s` seconds, `left` how many are allowed now, and
    `full_in_s` the seconds until `most` are allowed again.
    """

    most: int
    full_after_s: int
    left: int
    full_in_s: int


class TokenBuckets:
    """Refills each key's bucket by `per_s` tokens a second, up to `burst`.

    Uses a monotonic clock: setting the wall clock frees nobody.
    """

    def __init__(self, per_s: float, burst: float, *, is_enabled: bool = True) -> None:
        self._per_s = per_s
        self._burst = burst
        self._is_enabled = is_enabled
        self._buckets: dict[Hashable, tuple[float, float]] = {}

    def take(self, key: Hashable) -> None:
        """Take one token. Raises RateLimited, with the time until the next one, if there is none."""
        if not self._is_enabled:
            return
        now = monotonic()
        tokens = self._refilled(key, now)
        is_refused = tokens < 1
        self._keep(key, tokens if is_refused else tokens - 1, now)
        if is_refused:
            raise RateLimited(retry_after_ms=int((1 - tokens) / self._per_s * 1000) + 1)

    def charge(self, key: Hashable, tokens: float, *, owed_buckets: float = 1) -> None:
        """Take `tokens` for a request that turned out to be expensive.

        The debt is at most what `owed_buckets` full buckets hold.
        """
        if self._is_enabled:
            now = monotonic()
            self._keep(key, max(-self._burst * owed_buckets, self._refilled(key, now) - tokens), now)

    def allowance(self, key: Hashable) -> Allowance | None:
        """Returns the state of this key's bucket, or None if limits are switched off."""
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
