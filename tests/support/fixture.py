"""The people of the tests: accounts with numbers, and the actors that their tokens stand for."""

from dataclasses import dataclass
from datetime import UTC, datetime

from models.documents.phone import Phone
from models.documents.session import Actor
from models.services.contacts.new_number_limit import LimitNewNumbers
from models.stores.accounts import Accounts
from models.stores.contacts import Contacts
from models.stores.database import Database
from server.clock import SystemClock
from server.config import LimitSettings
from server.wiring import contacts
from server.wiring.stores import Stores
from tests.support.fakes import RecordingFanout

SINCE = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Fixture:
    """Real stores over one database, and a fan-out that remembers."""

    accounts: Accounts
    contacts: Contacts
    fanout: RecordingFanout
    unlimited: LimitNewNumbers

    async def register(self, number: str, *, is_registered: bool = True) -> Actor:
        """An account with this number, and who acts for it."""
        account = await self.accounts.find_or_create(Phone.from_digits(number), SINCE)
        await self.accounts.change(account.id, {"is_registered": is_registered})
        return Actor(account.id, number, f"session-{account.id}")


async def build_fixture(database: Database) -> Fixture:
    clock, fanout = SystemClock(), RecordingFanout()
    stores = Stores(database, "a secret of tests", clock, large_chat=1000)
    known = contacts.build(stores, fanout, clock, LimitSettings(enabled=False), cached_s=30.0)
    await stores.accounts.prepare()
    await stores.contacts.prepare()
    return Fixture(stores.accounts, stores.contacts, fanout, known.limit_new_numbers)
