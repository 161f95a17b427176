"""The store of accounts, on both drivers: who of a list of numbers is registered."""

from datetime import UTC, datetime
from typing import get_args

import pytest

from models.documents.phone import Phone
from models.stores.accounts import Accounts
from models.stores.counters import Counters
from models.stores.database import Database, Driver
from tests.support.plans import recorded_plans

pytestmark = pytest.mark.parametrize("driver", get_args(Driver))


async def test_only_registered_accounts_of_the_numbers_asked_are_listed(database: Database) -> None:
    accounts = Accounts(database, Counters(database))
    await accounts.prepare()
    for number in ("491", "492", "493"):
        account = await accounts.find_or_create(Phone.from_digits(number), datetime.now(UTC))
        await accounts.change(account.id, {"is_registered": number != "492"})
    async with recorded_plans(database, "accounts") as plans:
        assert await accounts.list_registered(["491", "492", "499"]) == {"491"}
        assert await accounts.list_registered([]) == set()
    assert plans[0].index == "number: 1"
