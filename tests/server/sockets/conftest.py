"""One node per module, with two friends who talk on it."""

from collections.abc import AsyncIterator

import pytest

from server.embedded import EmbeddedStores
from tests.support.node import settings_for
from tests.support.socket_fixture import Friends, friends_on_a_node


@pytest.fixture(scope="module")
async def friends(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Friends]:
    async with friends_on_a_node(stores, settings_for(tmp_path_factory.mktemp("node"))) as fixture:
        yield fixture
