"""Puts a number into a login's list and sends it a code."""

from dataclasses import dataclass

from models.documents.phone import Phone
from models.documents.session import Identity
from models.errors import AccountExists, DomainError, LoginNeeded
from models.ports import Clock
from models.services.accounts.pins import RequestPin
from models.stores.accounts import Accounts
from models.stores.ownerships import Ownerships


@dataclass(frozen=True, slots=True)
class CreateAccount:
    """The number waits for its code, also if others have it pending or own it (messaging contract 4.1).

    Raises LoginNeeded, AccountExists when it is in the list already, and what sending the code raises; then it is not listed.
    """

    accounts: Accounts
    ownerships: Ownerships
    request_pin: RequestPin
    clock: Clock

    async def __call__(self, identity: Identity, phone: Phone, nickname: str, address: str) -> None:
        if identity.login_id is None:
            raise LoginNeeded
        account = await self.accounts.find_or_create(phone, self.clock.now())
        ownership = await self.ownerships.append(identity.login_id, account, nickname)
        if ownership is None:
            raise AccountExists
        try:
            await self.request_pin(phone, address, purpose=ownership.purpose)
        except DomainError:
            await self.ownerships.remove(ownership.id)
            raise
        await self.ownerships.note_code(ownership.id, self.clock.now())
