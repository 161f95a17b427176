"""The registration PIN: a second secret that an account's owner may set, asked besides the code that proves the number."""

from dataclasses import dataclass
from datetime import timedelta

from models.documents.phone import is_number
from models.documents.pin import WaitRule
from models.documents.session import Actor
from models.errors import Malformed, RateLimited, RegistrationPinNeeded, WrongRegistrationPin, whole_ms
from models.ports import Clock, Passwords
from models.services.accounts.sessions import LastUse
from models.stores.accounts import Accounts
from models.stores.attempts import Attempts
from models.stores.registration_pins import RegistrationPins

DIGITS_MIN, DIGITS_MAX = 6, 32


@dataclass(frozen=True, slots=True)
class RegistrationPin:
    """Sets, removes and checks the registration PIN, so that a stolen or reassigned number alone opens no account in use.

    An owner who forgets it sets or removes it on a device that is still signed in. Without one it lapses when nobody has
    used the account for `lapses_after`; then the code alone is enough again.
    """

    accounts: Accounts
    pins: RegistrationPins
    attempts: Attempts
    passwords: Passwords
    last_use: LastUse
    clock: Clock
    guesses: WaitRule
    lapses_after: timedelta

    async def is_set(self, actor: Actor) -> bool:
        """Returns whether the actor's account has one."""
        return await self.pins.find_hash(actor.account_id) is not None

    async def set(self, actor: Actor, pin: str) -> None:
        """Ask for this PIN from the next sign-in on. Raises Malformed for anything but 6 to 32 digits."""
        if not (is_number(pin) and DIGITS_MIN <= len(pin) <= DIGITS_MAX):
            raise Malformed(f"A registration PIN has {DIGITS_MIN} to {DIGITS_MAX} digits.")
        await self.pins.replace(actor.account_id, await self.passwords.hash(pin), self.clock.now())

    async def remove(self, actor: Actor) -> None:
        """Ask for the code alone again."""
        await self.pins.forget(actor.account_id)

    async def require(self, number: str, given: str) -> None:
        """Check the PIN that was given together with the right code of this number.

        Raises RegistrationPinNeeded if one is set and none is given, WrongRegistrationPin, and RateLimited while a guess
        has to wait.
        """
        account = await self.accounts.find_by_number(number)
        stored = None if account is None or not account.is_registered else await self.pins.find_hash(account.id)
        if account is None or stored is None:
            return
        used_at = await self.last_use(account)
        if used_at is not None and self.clock.now() - used_at >= self.lapses_after:
            await self.pins.forget(account.id)
            return
        if not given:
            raise RegistrationPinNeeded
        key = f"registration pin {account.id}"
        attempt = await self.attempts.take(key, self.guesses, self.clock.now())
        if attempt.wait is not None:
            text = "Too many wrong registration PINs; wait before the next try."
            raise RateLimited(text, retry_after_ms=whole_ms(attempt.wait))
        if not (DIGITS_MIN <= len(given) <= DIGITS_MAX and await self.passwords.matches(given, stored)):
            raise WrongRegistrationPin
        await self.attempts.give_back(key)
        await self.attempts.restart_waits(key)
