"""A whole node for the events API's tests, and people on it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.embedded import EmbeddedStores
from tests.rest.events.fixture import Fixture, running_fixture
from tests.rest.events.people import People
from tests.support.node import running_node, settings_for


@pytest.fixture(scope="module")
async def people(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[People]:
    """One node for a module's tests: each makes its own people."""
    folder: Path = tmp_path_factory.mktemp("node")
    async with running_node(stores, settings_for(folder)) as node:
        yield People(node, stores)


@pytest.fixture(scope="module")
async def fixture(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fixture]:
    """One node for a module's tests: each makes its own people and events."""
    async with running_fixture(stores, tmp_path_factory.mktemp("node")) as running:
        yield running
