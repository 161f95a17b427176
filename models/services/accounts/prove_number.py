"""Lets someone prove by a code that a number is theirs."""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from models.documents.network import network_of
from models.documents.phone import Phone
from models.documents.pin import EVENTS_PURPOSE, PinRules
from models.errors import RateLimited, WrongPin
from models.ports import Clock
from models.services.accounts.pins import sends_key
from models.stores.attempts import Attempts
from models.stores.pins import Pins
from models.stores.quotas import Quotas

DAY_S = 86_400
KNOWN_FOR = timedelta(days=90)  # an address from which a number was proved; people come back to the same few


@dataclass(frozen=True, slots=True)
class ProveNumber:
    """Use up the code of a number.

    Wrong guesses are counted, never the code voided: by address, by number and address, and by number for all addresses that
    are strangers to it. So a stranger's guesses make other strangers wait, and the owner, who asked for the code or proved
    the number from the same address before, not at all. Raises RateLimited while a guess has to wait, and WrongPin, which
    tells nobody why; neither says whether the number has an account or a live code.
    """

    pins: Pins
    attempts: Attempts
    quotas: Quotas
    clock: Clock
    rules: PinRules

    async def __call__(
        self,
        phone: Phone,
        pin: str,
        address: str,
        *,
        purpose: str = EVENTS_PURPOSE,
        confirm: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """`confirm` is asked once the code is known to be right, and may refuse: then the code stays good."""
        debug_pin = self.rules.debug_pin
        if debug_pin and hmac.compare_digest(pin.encode(errors="replace"), debug_pin.encode()):
            if confirm is not None:
                await confirm()
            return
        number, network = phone.number, network_of(address)
        counted = await self._count(number, network)
        now = self.clock.now()
        if not await self.pins.is_right(number, purpose, pin, now):
            raise WrongPin
        await self._give_back(network, counted)
        if confirm is not None:
            await confirm()
        if not await self.pins.use(number, purpose, pin, now):
            raise WrongPin
        await self.attempts.relax(_guesses_key(number, network))
        await self.attempts.relax(sends_key(phone), in_row=1)  # the next code waits as after a first one
        await self.pins.note_network(number, network, now + KNOWN_FOR)

    async def _count(self, number: str, network: str) -> list[str]:
        """Count a guess before it is looked at, so that guesses in parallel get no more of them; the keys it counts under."""
        now, rules = self.clock.now(), self.rules
        if rules.has_send_limits:
            wait = await self.quotas.take(_address_key(network), rules.guesses_per_address_per_day, DAY_S, now)
            if wait is not None:
                await self.quotas.give_back(_address_key(network), DAY_S, now)
                raise _too_often(wait)
        counted = [_guesses_key(number, network)]
        own = await self.attempts.take(counted[0], rules.guesses, now)
        if own.wait is not None:
            await self._give_back(network, [])
            raise _too_often(own.wait)
        if own.count <= rules.tries and await self.pins.knows_network(number, network, now):
            return counted
        stranger = await self.attempts.take(_strangers_key(number), rules.guesses_of_strangers, now)
        if stranger.wait is not None:
            await self._give_back(network, counted)
            raise _too_often(stranger.wait)
        return [*counted, _strangers_key(number)]

    async def _give_back(self, network: str, counted: list[str]) -> None:
        if self.rules.has_send_limits:
            await self.quotas.give_back(_address_key(network), DAY_S, self.clock.now())
        for key in counted:
            await self.attempts.give_back(key)


def _address_key(network: str) -> str:
    return f"code guesses from {network}"


def _guesses_key(number: str, network: str) -> str:
    return f"guesses {network} {number}"


def _strangers_key(number: str) -> str:
    return f"guesses of strangers {number}"


def _too_often(wait: timedelta) -> RateLimited:
    return RateLimited(
        "Too many wrong codes; wait before the next try.", retry_after_ms=ceil(wait.total_seconds() * 1000)
    )
