"""Pins: the one-time codes that prove a number, and the rules they live by."""

from dataclasses import dataclass

EVENTS_DIGITS = 4
MESSAGING_DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class PinRules:
    """How long a pin lives and how often one is sent (design section 6); the numbers come from the settings.

    `has_send_limits` off lifts the wait between sends and the cap per address, never the number of tries.
    """

    ttl_s: float = 600.0
    tries: int = 5
    resend_s: float = 60.0
    per_address_per_hour: int = 30
    has_send_limits: bool = True
    debug_pin: str = ""  # always right when set; for development alone (events contract, section 3)
