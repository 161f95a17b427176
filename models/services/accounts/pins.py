"""Sign-in codes: requesting one by SMS or voice call, and proving a number with it (docs/architecture.md, "Codes")."""

import hmac
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from models.documents.login import Ownership
from models.documents.network import network_of
from models.documents.phone import Phone
from models.documents.pin import EVENTS_PURPOSE, PinRules
from models.documents.plain_line import FIRST_STRONG_ISOLATE, POP_ISOLATE
from models.errors import DomainError, RateLimited, RegistrationClosed, WrongPin, whole_ms
from models.languages.language import Language
from models.ports import Clock, CodeSender
from models.services.notifications.sms import LimitTexts
from models.stores.accounts import Accounts
from models.stores.attempts import DAY, Attempts
from models.stores.languages import Languages
from models.stores.ownerships import Ownerships
from models.stores.pins import Pins
from models.stores.quotas import Quotas

HOUR_S = 3600
_NO_ISOLATES = str.maketrans("", "", FIRST_STRONG_ISOLATE + POP_ISOLATE)


@dataclass(frozen=True, slots=True)
class RequestPin:
    """Checks the limits, stores the code's hash, and sends the code.

    The answer does not reveal whether the number has an account. While registration is closed, a number without one gets no
    code: on the events API without an error, since anybody may ask there, and for a login with RegistrationClosed. A code
    that cannot be sent is deleted and does not count, so that trying again helps. Raises CountryNotServed, RateLimited, and
    Unavailable if the provider fails.
    """

    accounts: Accounts
    pins: Pins
    attempts: Attempts
    quotas: Quotas
    languages: Languages
    texts: LimitTexts
    sender: CodeSender
    clock: Clock
    rules: PinRules
    digits: int
    app_scheme: str = ""  # of a link that opens the app from the message; empty for no link

    async def __call__(
        self, phone: Phone, address: str, *, purpose: str = EVENTS_PURPOSE, channel: str = "sms", language: str = ""
    ) -> None:
        """Send a code.

        `address` is the client's, `channel` is "sms" or "voice", and the code is good for `purpose` alone. `language` is what the
        client asks for; without one it is the account's.
        """
        self.texts.require_served(phone)
        number, now = phone.number, self.clock.now()
        reader = await self._reader(
            number, language
        )  # first, since a fault of the database may then cost nobody a code
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
            body = self._spoken(reader, code) if channel == "voice" else self._written(reader, code)
            await self.sender.send(phone.dialled, body, code=code, channel=channel, language=reader.tag)
        except DomainError:
            await self.pins.remove(number, purpose, code)
            await self.attempts.give_back(sends_key(phone))
            raise

    async def _require_quota(self, phone: Phone, address: str, purpose: str) -> None:
        """Count this request for the asking address and purpose, and for the number. Raises RateLimited.

        A refused request is not counted, so that an impatient person does not use up the quota of an address that others
        share.
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

    async def _reader(self, number: str, asked: str) -> Language:
        # Both are read for every number, so that the time of the answer does not tell which one has an account.
        account = await self.accounts.find_by_number(number)
        account_id = 0 if account is None else account.id
        known = await self.languages.map_by_ids([account_id])
        return Language.of(asked, known.get(account_id, ""))

    def _written(self, reader: Language, code: str) -> str:
        if not self.app_scheme:
            return reader.gettext("Hello! Your code is {code}.", code=code)
        link = f"{self.app_scheme}://verify/{code}"
        return reader.gettext("Hello! Your code is {code}. Or open {link}", code=code, link=link)

    def _spoken(self, reader: Language, code: str) -> str:
        # A voice has no use for marks of direction, and may read them out.
        return reader.gettext("Hello! Your code is {code}.", code=", ".join(code)).translate(_NO_ISOLATES)


def sends_key(phone: Phone) -> str:
    """Returns the key that codes to one telephone are counted under: those of both APIs and of all spellings together."""
    return f"sends {phone.reached}"


def _too_soon(wait: timedelta) -> RateLimited:
    return RateLimited("A code was asked for too often; wait a moment.", retry_after_ms=whole_ms(wait))


@dataclass(frozen=True, slots=True)
class AskForCode:
    """Sends a code for a number in the login's list, by "sms" or "voice". Raises what RequestPin raises."""

    accounts: Accounts
    ownerships: Ownerships
    request_pin: RequestPin
    clock: Clock

    async def __call__(self, ownership: Ownership, address: str, channel: str, language: str) -> None:
        account = await self.accounts.require(ownership.account_id)
        await self.request_pin(account.phone, address, purpose=ownership.purpose, channel=channel, language=language)
        await self.ownerships.note_code(ownership.id, self.clock.now())


DAY_S = 86_400
KNOWN_FOR = timedelta(days=90)  # how long an address from which a number was proved is known; people use the same few


@dataclass(frozen=True, slots=True)
class ProveNumber:
    """Uses up the code of a number.

    Wrong guesses are counted, and never void the code. They are counted by address, by number and address, and by number
    for all addresses that are unknown to the number. So guesses from unknown addresses make other unknown addresses wait,
    but not the owner, who requested the code or proved the number from the same address before. Raises RateLimited while a
    guess has to wait, and WrongPin without a reason; neither reveals whether the number has an account or a live code.
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
        """Use up the code. `confirm` is called once the code is known to be right; if it raises, the code stays good."""
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
        await self.attempts.restart_waits(_guesses_key(number, network))
        # The next code has to wait as long as a second one.
        await self.attempts.restart_waits(sends_key(phone), in_row=1)
        await self.pins.note_network(number, network, now + KNOWN_FOR)

    async def _count(self, number: str, network: str) -> list[str]:
        """Count a guess before it is checked, so that parallel guesses get no extra ones.

        Returns the keys it counts under.
        """
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
    return RateLimited("Too many wrong codes; wait before the next try.", retry_after_ms=whole_ms(wait))
