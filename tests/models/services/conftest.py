"""A fixture of events, for the tests of what is told of them."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from models.stores.database import Database
from tests.support.event_fixture import EventFixture
from tests.support.fakes import HandClock


@pytest.fixture
async def events_fixture(database: Database) -> AsyncIterator[EventFixture]:
    async with AsyncExitStack() as stack:
        fixture = EventFixture(database=database, clock=HandClock(), stack=stack)
        await fixture.open()
        yield fixture
