"""A node for the sign-in's routes."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from models.documents.pin import PinRules
from models.stores.database import Database
from tests.support.auth_fakes import KeptCodes
from tests.support.auth_fixture import Node, start_node
from tests.support.fakes import HandClock

StartNode = Callable[..., Awaitable[Node]]


@pytest.fixture
async def start_auth_node(database: Database) -> AsyncIterator[StartNode]:
    """Starts nodes that share the database, the clock and the messages; `rules` and `start_node`'s options are free."""
    clock, codes, nodes = HandClock(), KeptCodes(), []

    async def start(rules: PinRules | None = None, **options: Any) -> Node:
        nodes.append(await start_node(database, rules or PinRules(), clock, codes, **options))
        return nodes[-1]

    yield start
    for each in nodes:
        await each.client.close()


@pytest.fixture
async def node(start_auth_node: StartNode) -> Node:
    return await start_auth_node()
