"""A whole node for the messaging API's tests, and logins on it."""

from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from server.auth import passwords
from server.embedded import EmbeddedStores
from tests.rest.messaging.logins import Api
from tests.support.node import running_node, settings_for


@pytest.fixture(scope="module", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Each login costs two hashes, which are slow on purpose; here they take the least of everything (in server/test_logins.py, what they take)."""
    with pytest.MonkeyPatch.context() as patch:
        quick = partial(PasswordHasher, time_cost=1, memory_cost=1024, parallelism=1)
        patch.setattr(passwords, "PasswordHasher", quick)
        yield


@pytest.fixture(scope="module")
async def api(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    """One node for a module's tests: each makes its own logins and numbers. No grace, so that who goes is gone."""
    folder: Path = tmp_path_factory.mktemp("node")
    async with running_node(stores, settings_for(folder, presence={"grace_s": 0})) as node:
        yield Api(node, stores)
