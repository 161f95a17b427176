"""A whole node for the messaging API's tests, and logins on it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.embedded import EmbeddedStores
from tests.rest.messaging.logins import Api
from tests.support.node import running_node, settings_for


@pytest.fixture(scope="module")
async def api(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    """One node for a module's tests: each makes its own logins and numbers. No grace, so that who goes is gone."""
    folder: Path = tmp_path_factory.mktemp("node")
    async with running_node(stores, settings_for(folder, presence={"grace_s": 0})) as node:
        yield Api(node, stores)
