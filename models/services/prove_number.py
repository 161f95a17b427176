"""Lets someone prove by a code that a number is theirs."""

import hmac
from dataclasses import dataclass

from models.documents.phone import Phone
from models.documents.pin import PinRules
from models.errors import WrongPin
from models.ports import Clock
from models.stores.pins import Pins


@dataclass(frozen=True, slots=True)
class ProveNumber:
    """Use up the code of a number; raises WrongPin, and tells nobody why."""

    pins: Pins
    clock: Clock
    rules: PinRules

    async def __call__(self, phone: Phone, pin: str) -> None:
        debug_pin = self.rules.debug_pin
        if debug_pin and hmac.compare_digest(pin.encode(), debug_pin.encode()):
            return
        if not await self.pins.use(phone.number, pin, tries=self.rules.tries, now=self.clock.now()):
            raise WrongPin
