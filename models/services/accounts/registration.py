"""Registers an account: whoever proves its number by a code owns it."""

from dataclasses import dataclass, replace
from functools import partial

from models.documents.login import Ownership
from models.errors import RegistrationClosed
from models.events import AccountChanged, SessionsRevoked
from models.ports import Fanout
from models.services.accounts.prove_number import ProveNumber
from models.services.accounts.registration_pin import RegistrationPin
from models.services.accounts.sign_in_alert import TellSignIn
from models.services.accounts.take_number import TakeNumber
from models.services.events.join_events import JoinEvents
from models.stores.accounts import Accounts
from models.stores.ownerships import Ownerships
from models.stores.sessions import Sessions


@dataclass(frozen=True, slots=True)
class RegisterAccount:
    """The number is the login's from now on; for the login that owned it before, it is unregistered (messaging contract 4.1).

    That one's sockets close, and come back as what it still owns. Raises WrongPin, RegistrationPinNeeded, WrongRegistrationPin,
    RateLimited while a guess has to wait, and RegistrationClosed for a number without a registered account while that is so.
    """

    accounts: Accounts
    ownerships: Ownerships
    sessions: Sessions
    prove: ProveNumber
    join_events: JoinEvents
    fanout: Fanout
    take_number: TakeNumber
    registration_pin: RegistrationPin
    tell_sign_in: TellSignIn
    is_open: bool = True

    async def __call__(
        self, ownership: Ownership, code: str, device: str, address: str, registration_pin: str = ""
    ) -> None:
        """`address` is the client's, by which its guesses are counted."""
        account = await self.accounts.require(ownership.account_id)
        if not self.is_open and not account.is_registered:
            raise RegistrationClosed
        confirm = None
        if ownership.login_id is not None:  # whoever is signed in to the account itself has given it, or has set it
            confirm = partial(self.registration_pin.require, account.number, registration_pin)
        await self.prove(account.phone, code, address, purpose=ownership.purpose, confirm=confirm)
        account = await self.take_number(account.phone)
        was_registered = account.is_registered
        ownership = replace(ownership, account_id=account.id)
        fields = {"is_registered": True} | ({"nickname": ownership.nickname} if ownership.nickname else {})
        account = await self.accounts.change(account.id, fields)
        former = await self.ownerships.prove(ownership) if ownership.login_id is not None else []
        self.fanout.signal(AccountChanged(account.id))
        await self.join_events(account)
        if was_registered and ownership.login_id is not None:
            await self.tell_sign_in(account, "", device)
        for login_id in former:
            # Alive as they are, they must be looked at anew: what they chose is no longer theirs.
            self.fanout.signal(SessionsRevoked(await self.sessions.list_ids(login_id=login_id)))
