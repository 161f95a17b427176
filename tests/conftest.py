"""What every test may ask for: running stores, and a fresh database in them."""

import tests.support.bytecode  # noqa: F401, I001 - before all others

import gc
import hashlib
from collections.abc import AsyncIterator, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import aiohttp_jinja2
import pytest
from argon2 import PasswordHasher
from pymongo.asynchronous import auth as mongodb_auth
from pymongo.asynchronous.collection import AsyncCollection

from models.stores.database import Database, Driver, open_database
from server.auth import passwords
from server.embedded import EmbeddedStores, throw_away_stores
from server.http.page_files import PageFiles
from server.http.pages import STATIC
from server.process.gc_tuning import tune_garbage_collector
from tests.support.cancelled_connections import closing_cancelled_connections
from tests.support.documented import undocumented
from tests.support.group_fixture import town, fixture
from tests.support.node import CompiledTemplates, Node, running_node, settings_for
from tests.support.reruns import pytest_terminal_summary, run_once
from tests.support.stores import pool, quick_place
from tests.support.warm_start import warm_starts

__all__ = [
    "database",
    "driver",
    "fixture",
    "mongodb_url",
    "node",
    "pytest_terminal_summary",
    "redis_url",
    "stores",
    "town",
]


TESTS = Path(__file__).parent
# What takes longest is begun first: when the processes run out of files, none waits long for the other.
LONGEST = (
    "server/process/test_start_stop.py",
    "test_presence_of_nodes.py",
    "benchmarks/test_faults.py",
    "static/test_events.py",
    "static/test_examples.py",
    "rest/generated/test_clients.py",
    "server/process/test_workers.py",
    "test_tools.py",
    "static/test_conversation.py",
    "static/test_everybody.py",
    "static/test_never_lost.py",
    "server/cli/test_commands.py",
    "static/test_long_chat.py",
    "server/process/test_signals.py",
    "test_late_writes.py",
    "server/cli/test_commands_elsewhere.py",
    "server/process/test_mistakes.py",
    "test_upgrade.py",
    "test_nodes_that_disagree.py",
    "test_announced_again.py",
    "models/services/chats/test_journal_through_elections.py",
    "models/services/chats/test_listing.py",
    "server/process/test_debug_pin.py",
    "test_takers.py",
    "test_memberships_elsewhere.py",
    "server/embedded/test_embedded_guarded.py",
    "test_two_nodes.py",
    "test_pushes.py",
    "server/nodes/test_owner_gone.py",
    "test_outages.py",
    "test_any_load_balancer.py",
    "static/test_invitation_page.py",
    "server/process/test_backup.py",
    "sockets/test_traps.py",
    "static/test_reference.py",
    "server/bus/test_bus.py",
    "rest/messaging/test_messages.py",
    "rest/messaging/test_photos.py",
    "server/media/test_imaging.py",
    "server/embedded/test_embedded.py",
    "rest/events/test_two_nodes.py",
    "rest/events/test_avatars.py",
    "test_catching_up.py",
    "rest/events/test_timeline.py",
    "server/bus/test_bus_breaks.py",
    "models/services/notifications/test_delivery.py",
    "models/services/chats/test_journal.py",
    "static/test_photos.py",
    "server/sockets/test_limits.py",
    "server/sockets/test_slow_reader.py",
    "test_shut_out.py",
    "static/test_door.py",
    "server/process/test_requirements.py",
    "conversation/test_typing.py",
    "rest/messaging/test_seed_curls.py",
    "docs/test_first_client.py",
)
BROWSERS = 16  # the place in this list of the other files that need a browser, each test of which takes seconds


@pytest.fixture(scope="session", autouse=True)
def servers_start_warm() -> Iterator[None]:
    """A server that a test starts needs not import everything anew."""
    with warm_starts():
        yield


@pytest.fixture(scope="session", autouse=True)
def cancelled_connections_are_closed() -> Iterator[None]:
    with closing_cancelled_connections():
        yield


@pytest.fixture(scope="session", autouse=True)
def passwords_are_quick() -> Iterator[None]:
    """A hash is slow on purpose; in this process it takes the least of everything. Servers of their own take what they always do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            passwords, "PasswordHasher", partial(PasswordHasher, time_cost=1, memory_cost=1024, parallelism=1)
        )
        yield


@pytest.fixture(scope="session", autouse=True)
def nodes_share_what_each_would_make_alike() -> Iterator[None]:
    """Once for all nodes of this process templates are compiled, the page's files packed and looked through, and MongoDB's password made ready.

    Indexes are made where the first node of a database does not find them all, as the pool knows.
    """
    read, packed = PageFiles.read, cache(PageFiles.read)
    list_modules = PageFiles.list_modules
    listed: dict[tuple[str, ...], list[str]] = {}

    def list_once(files: PageFiles, *first: str) -> list[str]:
        key = (files.version, *first)
        if key not in listed:
            listed[key] = list_modules(files, *first)
        return list(listed[key])

    create_indexes = AsyncCollection.create_indexes

    async def create_where_missing(collection: AsyncCollection[Any], *args: Any, **options: Any) -> list[str]:
        if pool.has_indexes(collection.database.name):
            return []
        return await create_indexes(collection, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aiohttp_jinja2, "setup", partial(aiohttp_jinja2.setup, bytecode_cache=CompiledTemplates()))
        patch.setattr(PageFiles, "read", lambda folder: packed(folder) if folder == STATIC else read(folder))
        patch.setattr(PageFiles, "list_modules", list_once)
        patch.setattr(AsyncCollection, "create_indexes", create_where_missing)
        patch.setattr(hashlib, "pbkdf2_hmac", cache(hashlib.pbkdf2_hmac))
        patch.setattr(mongodb_auth, "saslprep", cache(mongodb_auth.saslprep))
        yield


# Tests that are no coroutines hold up the loop, for minutes on a busy machine; whoever looks at MongoDB meanwhile misses its answer.
PATIENTLY = "&serverMonitoringMode=poll&heartbeatFrequencyMS=600000"


@pytest.fixture(scope="session")
async def stores() -> AsyncIterator[EmbeddedStores]:
    """A MongoDB and a Redis-compatible server that live as long as the run."""
    async with (
        throw_away_stores(quick_place()) as running,
        open_database(running.mongodb_url + PATIENTLY, "admin", app="tests") as admin,
    ):
        # TTL clean-up would delete what a test puts into the past by its own clock.
        await admin.raw.command({"setParameter": 1, "ttlMonitorEnabled": False})
        with pool.connected(running.mongodb_url, admin.raw.client):
            yield running


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    place = {name: number for number, name in enumerate(LONGEST)}

    def place_of(item: pytest.Item) -> int:
        name = item.path.relative_to(TESTS).as_posix()
        return place.get(name, BROWSERS if name.startswith("static/") else len(place))

    items.sort(key=place_of)
    run_once(items, f"{TESTS.as_posix()}/")


def pytest_collectstart() -> None:
    """What is imported stays: to look for garbage in it meanwhile takes a fifth of the time until the first test."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Nobody needs to look through all that again, and garbage is looked for as on a server."""
    tune_garbage_collector()
    gc.enable()


@pytest.fixture(scope="module", autouse=True)
def garbage_is_collected() -> Iterator[None]:
    """What a file leaves open is found at its own end, and not in whatever test Python next looks for garbage in.

    What is in use even then, as all that was imported, is not looked through once more after each of the other 400 files.
    """
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module", autouse=True)
async def databases_are_used_again() -> AsyncIterator[None]:
    """A file leaves its databases empty, with their indexes, to the next."""
    yield
    await pool.empty()


@pytest.fixture(autouse=True)
async def databases_of_a_test_are_used_again() -> AsyncIterator[None]:
    """What a test took for nodes of its own, the next one takes: each new database takes longer to make than most tests."""
    before = pool.list_taken()
    yield
    await pool.empty(but=before)


@pytest.fixture(autouse=True)
def every_answer_is_documented() -> Iterator[None]:
    """Whatever else a test is about: no answer of REST that it saw may be missing in /openapi.json."""
    undocumented.clear()
    yield
    slips = undocumented.copy()
    undocumented.clear()
    assert not slips, "\n".join(slips)


@pytest.fixture(scope="session")
def mongodb_url(stores: EmbeddedStores) -> str:
    return stores.mongodb_url


@pytest.fixture(scope="session")
def redis_url(stores: EmbeddedStores) -> str:
    return stores.redis_url


@pytest.fixture(scope="module")
async def node(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    """One node with the usual settings for all tests of a file; files that need another one have their own."""
    async with running_node(stores, settings_for(tmp_path_factory.mktemp("node"))) as running:
        yield running


@pytest.fixture
def driver() -> Driver:
    """Tests of stores run on both: `pytestmark = pytest.mark.parametrize("driver", ["pymongo", "motor"])`."""
    return "pymongo"


@pytest.fixture(scope="session")
async def servers(mongodb_url: str) -> AsyncIterator[dict[Driver, Database]]:
    """The running MongoDB by each driver: to connect takes longer than most tests."""
    async with open_database(mongodb_url, "admin") as pymongo, open_database(mongodb_url, "admin", "motor") as motor:
        yield {"pymongo": pymongo, "motor": motor}


@pytest.fixture
async def database(servers: dict[Driver, Database], driver: Driver) -> AsyncIterator[Database]:
    """An empty database that nobody else has."""
    name = pool.take()
    yield Database(servers[driver].raw.client[name])
    await pool.give_back(name)
