"""What is done about logins at a shell, while the server runs or not: add, set a password, remove."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from redis.asyncio import Redis
from redis.exceptions import RedisError

from models.errors import DomainError
from models.events import Event, Signal
from models.services.add_login import AddLogin
from models.services.remove_login import RemoveLogin
from models.services.set_password import SetPassword
from models.stores.counters import Counters
from models.stores.database import Database, open_database
from models.stores.logins import Logins
from models.stores.ownerships import Ownerships
from models.stores.sessions import Sessions
from server.auth.passwords import Argon2Passwords
from server.cannot_start import CannotStart
from server.clock import SystemClock
from server.config import EMBEDDED, Settings
from server.data_dir import hold_data_dir
from server.embedded import EmbeddedStores
from server.embedded.running import find_running
from server.reachability import require_mongodb
from server.sockets.bus import announce


def run_command(settings: Settings, command: str, name: str, password: str) -> str:
    """Do it and return the line that says so; CannotStart says in one line why not. `password` is unused for removal."""
    logging.basicConfig(level=logging.WARNING)
    try:
        return asyncio.run(_run(settings, command, name, password))
    except DomainError as refusal:
        raise CannotStart(refusal.message) from None


async def _run(settings: Settings, command: str, name: str, password: str) -> str:
    async with _open_stores(settings) as (database, redis_url):
        signals, passwords = _Signals(), Argon2Passwords()
        counters = Counters(database)
        logins, sessions, ownerships = Logins(database, counters), Sessions(database), Ownerships(database, counters)
        for store in (logins, sessions, ownerships):
            await store.prepare()
        match command:
            case "add-login":
                await AddLogin(logins, passwords, SystemClock())(name, password)
                line = f"login {name} is added"
            case "set-password":
                await SetPassword(logins, passwords, sessions, signals)(name, password)
                line = f"login {name} has a new password"
            case "remove-login":
                await RemoveLogin(logins, sessions, ownerships, signals)(name)
                line = f"login {name} is removed"
            case _:
                raise ValueError(command)
        passwords.close()
        if redis_url is not None:
            await _tell(redis_url, settings.redis.prefix, signals.kept)
        return line


@asynccontextmanager
async def _open_stores(settings: Settings) -> AsyncIterator[tuple[Database, str | None]]:
    """The database, and the URL of a Redis on which nodes may listen; what is embedded and does not run is started."""
    mongodb, running = settings.mongodb, find_running(settings.data_dir)
    redis_url = None if settings.redis.url == EMBEDDED else settings.redis.url
    if mongodb.url != EMBEDDED:
        await require_mongodb(mongodb)
        redis_url = redis_url or (running.redis_url if running else None)
        async with open_database(mongodb.url, mongodb.database, mongodb.driver, timeout_s=mongodb.timeout_s) as opened:
            yield opened, redis_url
    elif running is not None and running.mongodb_url is not None:
        redis_url = redis_url or running.redis_url
        async with open_database(running.mongodb_url, mongodb.database, timeout_s=mongodb.timeout_s) as opened:
            yield opened, redis_url
    else:
        with hold_data_dir(settings.data_dir):
            async with (
                EmbeddedStores(settings.data_dir, mongodb, settings.redis) as stores,
                open_database(stores.mongodb_url, mongodb.database, timeout_s=mongodb.timeout_s) as opened,
            ):
                yield opened, None  # nobody runs who could listen


async def _tell(redis_url: str, prefix: str, signals: Collection[Signal]) -> None:
    """Nodes that miss it find out within seconds by themselves; only sockets stay open until they go."""
    with suppress(RedisError, OSError):
        async with Redis.from_url(redis_url, socket_timeout=5) as redis:
            for signal in signals:
                await announce(redis, signal, prefix)


@dataclass(slots=True)
class _Signals:
    """A fan-out that keeps what it is to signal until the work is done."""

    kept: list[Signal] = field(default_factory=list)

    def signal(self, signal: Signal) -> None:
        self.kept.append(signal)

    def publish(self, event: Event, to: Collection[int], *, chat_id: int | None = None) -> None:
        """No command shows clients anything."""

    def whisper(self, event: Event, connection: str) -> None:
        """The same."""
