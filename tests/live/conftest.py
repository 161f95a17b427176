"""One node per module, for what people do at events."""

from collections.abc import AsyncIterator

import pytest

from server.embedded import EmbeddedStores
from tests.live.host import Host, running_host
from tests.support.node import settings_for


@pytest.fixture(scope="module")
async def host(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Host]:
    async with running_host(stores, settings_for(tmp_path_factory.mktemp("node"))) as running:
        yield running
