"""What tests of this server's ways to Redis share: a cluster, and ports where nobody is or nobody answers."""

import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from benchmarks.redis_cluster import RedisCluster, running_cluster
from server.embedded.ports import LOOPBACK, choose_port
from tests.support.listening import deaf_port


@pytest.fixture(scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RedisCluster]:
    """For tests that change nothing about it."""
    async with running_cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture
async def fresh_cluster(tmp_path: Path) -> AsyncIterator[RedisCluster]:
    """For a test that breaks it."""
    async with running_cluster(tmp_path) as running:
        yield running


@pytest.fixture
def closed_port() -> Iterator[int]:
    """Whoever connects there is refused."""
    with deaf_port() as port:
        yield port


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Whoever connects there waits for ever."""
    with socket.create_server((LOOPBACK, choose_port())) as listening:
        yield listening.getsockname()[1]
