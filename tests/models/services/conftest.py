"""A world of events, for the tests of what is told of them."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from models.stores.database import Database
from tests.support.event_world import EventWorld
from tests.support.fakes import HandClock


@pytest.fixture
async def events_world(database: Database) -> AsyncIterator[EventWorld]:
    async with AsyncExitStack() as stack:
        world = EventWorld(database=database, clock=HandClock(), stack=stack)
        await world.open()
        yield world
