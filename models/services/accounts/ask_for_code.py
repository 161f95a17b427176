"""Sends another code to a number that is in somebody's list."""

from dataclasses import dataclass

from models.documents.login import Ownership
from models.ports import Clock
from models.services.accounts.pins import RequestPin
from models.stores.accounts import Accounts
from models.stores.ownerships import Ownerships


@dataclass(frozen=True, slots=True)
class AskForCode:
    """By "sms" or "voice"; raises what RequestPin raises."""

    accounts: Accounts
    ownerships: Ownerships
    request_pin: RequestPin
    clock: Clock

    async def __call__(self, ownership: Ownership, address: str, channel: str) -> None:
        account = await self.accounts.require(ownership.account_id)
        await self.request_pin(account.phone, address, purpose=ownership.purpose, channel=channel)
        await self.ownerships.note_code(ownership.id, self.clock.now())
