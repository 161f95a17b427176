"""Codes: their lengths and purposes, and the rules for sending and guessing them (docs/architecture.md, "Codes")."""

from dataclasses import dataclass
from datetime import timedelta

EVENTS_DIGITS = 4  # clients of the events API take no longer ones
MESSAGING_DIGITS = 6
EVENTS_PURPOSE = "events"  # of codes for `/auth`; codes of the messaging API have a purpose for each asker


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitRule:
    """How often something is allowed within a day: `free` times at once, then after waits that double up to `longest_s`."""

    free: int
    per_day: int
    first_s: float
    longest_s: float

    def wait_after(self, in_row: int) -> timedelta:
        """Returns how long to wait after `in_row` attempts in a row, counted from the last one."""
        if in_row < self.free:
            return timedelta()
        doublings = min(in_row - self.free, 32)
        return timedelta(seconds=min(self.first_s * 2**doublings, self.longest_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class PinRules:
    """How long a code lives, how often one is sent, and how often it may be guessed. The settings give the numbers.

    Without `has_send_limits` there is no limit on sending and on one address; those on guesses at a number stay.
    """

    ttl_s: float = 600.0
    tries: int = 5
    resend_s: float = 60.0
    wait_max_s: float = 3600.0
    sends_per_day: int = 10
    guesses_per_day: int = 10
    strangers_per_day: int = 30
    per_address_per_hour: int = 30
    guesses_per_address_per_day: int = 100
    has_send_limits: bool = True
    debug_pin: str = ""  # if set, it is always right; for development alone
    is_open: bool = True  # whether a number without a registered account may get one

    @property
    def sends(self) -> WaitRule:
        """Returns the rule for codes to one number, whoever asks for them."""
        return WaitRule(free=1, per_day=self.sends_per_day, first_s=self.resend_s, longest_s=self.wait_max_s)

    @property
    def guesses(self) -> WaitRule:
        """Returns the rule for wrong codes of one number from one address."""
        return WaitRule(
            free=self.tries, per_day=self.guesses_per_day, first_s=self.resend_s or 1.0, longest_s=self.wait_max_s
        )

    @property
    def guesses_of_strangers(self) -> WaitRule:
        """Returns the rule for wrong codes of one number from all addresses that are unknown to it.

        Addresses are known from which a code was requested, or the number proved.
        """
        return WaitRule(
            free=2 * self.tries, per_day=self.strangers_per_day, first_s=self.resend_s or 1.0, longest_s=self.wait_max_s
        )


@dataclass(frozen=True, slots=True)
class Attempt:
    """A counted attempt: its place in the day's count, or how long to wait before it is allowed."""

    count: int
    wait: timedelta | None = None
