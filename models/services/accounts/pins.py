"""Sends a one-time code to a number."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from models.documents.network import network_of
from models.documents.phone import Phone
from models.documents.pin import EVENTS_PURPOSE, PinRules
from models.errors import DomainError, RateLimited, RegistrationClosed
from models.ports import Clock, CodeSender
from models.services.notifications.sms import LimitTexts
from models.stores.accounts import Accounts
from models.stores.attempts import DAY, Attempts
from models.stores.pins import Pins
from models.stores.quotas import Quotas

HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class RequestPin:
    """Check the limits, store the code's hash, send the code.

    The answer is the same whether or not the number has an account. While registration is closed nothing is sent to a number
    without one: on the events API without a word, since anybody may ask there; a login is told RegistrationClosed.
    A code that cannot be sent is forgotten with the wait it caused, so that trying again helps. Raises CountryNotServed,
    RateLimited, and Unavailable when the provider fails.
    """

    accounts: Accounts
    pins: Pins
    attempts: Attempts
    quotas: Quotas
    texts: LimitTexts
    sender: CodeSender
    clock: Clock
    rules: PinRules
    digits: int
    app_scheme: str = ""  # opens the app from the message; empty: no link in it

    async def __call__(
        self, phone: Phone, address: str, *, purpose: str = EVENTS_PURPOSE, channel: str = "sms"
    ) -> None:
        """`address` is the client's, `channel` is "sms" or "voice"; the code is good for `purpose` alone."""
        self.texts.require_served(phone)
        number, now = phone.number, self.clock.now()
        if self.rules.has_send_limits:
            await self._require_quota(phone, address, purpose)
        if not self.rules.is_open and not await self.accounts.list_registered([number]):
            if purpose == EVENTS_PURPOSE:
                return
            raise RegistrationClosed
        if (wait := await self.texts.count_code()) is not None:
            raise _too_soon(wait)
        code = "".join(secrets.choice("0123456789") for _ in range(self.digits))
        await self.pins.replace(number, purpose, code, ttl_s=self.rules.ttl_s, now=now)
        await self.pins.note_network(number, network_of(address), now + DAY)
        try:
            await self.sender.send(phone.dialled, self._body(code, channel), code=code, channel=channel)
        except DomainError:
            await self.pins.remove(number, purpose, code)
            await self.attempts.give_back(sends_key(phone))
            raise

    async def _require_quota(self, phone: Phone, address: str, purpose: str) -> None:
        """Count this one for whoever asks and for the number.

        While the number has to wait nothing is counted: an impatient person must not use up the address that others share.
        """
        now, cap = self.clock.now(), self.rules.per_address_per_hour
        taken: list[str] = []
        askers = [f"pins {network_of(address)}", *([] if purpose == EVENTS_PURPOSE else [f"pins {purpose}"])]
        wait: timedelta | None = None
        for key in askers:
            taken.append(key)
            wait = await self.quotas.take(key, cap, HOUR_S, now)
            if wait is not None:
                break
        else:
            wait = (await self.attempts.take(sends_key(phone), self.rules.sends, now)).wait
        if wait is not None:
            for key in taken:
                await self.quotas.give_back(key, HOUR_S, now)
            raise _too_soon(wait)

    def _body(self, code: str, channel: str) -> str:
        if channel == "voice":
            return f"Hello! Your code is {', '.join(code)}."
        link = f" Or open {self.app_scheme}://verify/{code}" if self.app_scheme else ""
        return f"Hello! Your code is {code}.{link}"


def sends_key(phone: Phone) -> str:
    """Under which the codes to one telephone are counted, those of both APIs and of all spellings together."""
    return f"sends {phone.reached}"


def _too_soon(wait: timedelta) -> RateLimited:
    return RateLimited(
        "A code was asked for too often; wait a moment.", retry_after_ms=ceil(wait.total_seconds() * 1000)
    )
