"""Sends a one-time code to a number."""

import ipaddress
import secrets
from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from models.documents.phone import Phone
from models.documents.pin import PinRules
from models.errors import DomainError, RateLimited
from models.ports import Clock, CodeSender
from models.stores.accounts import Accounts
from models.stores.pins import Pins
from models.stores.quotas import Quotas

HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class RequestPin:
    """Check the limits, make sure the number has an account, store the code's hash, send the code.

    The answer is the same whether or not the number was known before. A code that cannot be sent is forgotten with the
    wait it caused, so that trying again helps. Raises RateLimited, and Unavailable when the provider fails.
    """

    accounts: Accounts
    pins: Pins
    quotas: Quotas
    sender: CodeSender
    clock: Clock
    rules: PinRules
    digits: int
    app_scheme: str = ""  # opens the app from the message; empty: no link in it

    async def __call__(self, phone: Phone, address: str, *, channel: str = "sms") -> None:
        """`address` is the client's, `channel` is "sms" or "voice"."""
        if self.rules.has_send_limits:
            await self._require_quota(phone, address)
        account = await self.accounts.find_or_create(phone, self.clock.now())
        code = "".join(secrets.choice("0123456789") for _ in range(self.digits))
        resend_s = self.rules.resend_s if self.rules.has_send_limits else 0
        now = self.clock.now()
        if not await self.pins.replace(account.number, code, ttl_s=self.rules.ttl_s, resend_s=resend_s, now=now):
            raise _too_soon(timedelta(seconds=resend_s))  # somebody asked at the same moment
        try:
            await self.sender.send(phone.dialled, self._body(code, channel), code=code, channel=channel)
        except DomainError:
            await self.pins.remove(account.number, code)
            raise

    async def _require_quota(self, phone: Phone, address: str) -> None:
        """The wait of the number first: an impatient person must not use up the address that others share."""
        now = self.clock.now()
        wait = await self.pins.find_wait(phone.number, self.rules.resend_s, now)
        wait = wait or await self.quotas.take(
            f"pins {network_of(address)}", self.rules.per_address_per_hour, HOUR_S, now
        )
        if wait is not None:
            raise _too_soon(wait)

    def _body(self, code: str, channel: str) -> str:
        if channel == "voice":
            return f"Hello! Your code is {', '.join(code)}."
        link = f" Or open {self.app_scheme}://verify/{code}" if self.app_scheme else ""
        return f"Hello! Your code is {code}.{link}"


def network_of(address: str) -> str:
    """Whom a limit by address counts as one: an IPv4 address, or the /64 that one IPv6 subscriber has to himself."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((int(parsed), 64), strict=False))


def _too_soon(wait: timedelta) -> RateLimited:
    return RateLimited(
        "A code was asked for too often; wait a moment.", retry_after_ms=ceil(wait.total_seconds() * 1000)
    )
