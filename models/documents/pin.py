"""Pins: the one-time codes that prove a number, and the rules they live by."""

from dataclasses import dataclass
from datetime import timedelta

EVENTS_DIGITS = 4  # the events API's document knows no longer ones
MESSAGING_DIGITS = 6
EVENTS_PURPOSE = "events"  # the codes of `/auth`; those of the messaging API are bound to whoever asked for them


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitRule:
    """How often something may happen within a day: `free` times at once, then after waits that double up to `longest_s`."""

    free: int
    per_day: int
    first_s: float
    longest_s: float

    def wait_after(self, in_row: int) -> timedelta:
        """Returns how long to wait after so many in a row, counted from the last of them."""
        if in_row < self.free:
            return timedelta()
        doublings = min(in_row - self.free, 32)
        return timedelta(seconds=min(self.first_s * 2**doublings, self.longest_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class PinRules:
    """How long a pin lives, how often one is sent, and how often it may be guessed at; the numbers come from the settings.

    `has_send_limits` off lifts what bounds sends and what one address may do, never the guesses at one number.
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
    debug_pin: str = ""  # always right when set; for development alone (events contract, section 3)
    is_open: bool = True  # whether a number without a registered account may get one

    @property
    def sends(self) -> WaitRule:
        """Codes to one number, whoever asks."""
        return WaitRule(free=1, per_day=self.sends_per_day, first_s=self.resend_s, longest_s=self.wait_max_s)

    @property
    def guesses(self) -> WaitRule:
        """Wrong codes for one number from one address."""
        return WaitRule(
            free=self.tries, per_day=self.guesses_per_day, first_s=self.resend_s or 1.0, longest_s=self.wait_max_s
        )

    @property
    def guesses_of_strangers(self) -> WaitRule:
        """Wrong codes for one number from all addresses that neither asked for a code nor proved the number before."""
        return WaitRule(
            free=2 * self.tries, per_day=self.strangers_per_day, first_s=self.resend_s or 1.0, longest_s=self.wait_max_s
        )


@dataclass(frozen=True, slots=True)
class Attempt:
    """One more of something that is counted: the how many-th of the day it is, or how long to wait until it may be."""

    count: int
    wait: timedelta | None = None
