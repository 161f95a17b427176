"""Commands for logins at a shell: add one, set its password, remove it."""

from collections.abc import Collection
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from functools import partial

from redis.exceptions import RedisError

from models.documents.chat import Chat
from models.facts import Fact, Invalidation
from models.services.accounts.logins import AddLogin, RemoveLogin, SetPassword
from models.stores.counters import Counters
from models.stores.logins import Logins
from models.stores.ownerships import Ownerships
from models.stores.sessions import Sessions
from server.auth.passwords import Argon2Passwords
from server.bus.bus import announce
from server.cli.database import OpenStores, run_on_stores
from server.clock import SystemClock
from server.config import Settings
from server.redis_client.client import open_redis


def run_command(settings: Settings, command: str, name: str, password: str, *, may_make_new: bool = False) -> str:
    """Add a login, set its password or remove it. Returns the line that says so; `password` is unused for removal.

    StartupError says in one line why it was not done.
    """
    return run_on_stores(settings, partial(_run, command, name, password), may_make_new=may_make_new)


async def _run(command: str, name: str, password: str, stores: OpenStores) -> str:
    database = stores.database
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
    if stores.redis_url and stores.site:
        await _tell(stores, signals.kept)
    return line


async def _tell(stores: OpenStores, signals: Collection[Invalidation]) -> None:
    """Publish the signals. Nodes that miss them notice within seconds by themselves; until then sockets stay open."""
    with suppress(RedisError, OSError):
        async with aclosing(await open_redis(stores.redis_url, timeout_s=5)) as redis:
            for signal in signals:
                await announce(redis, signal, stores.prefix, stores.site)


@dataclass(slots=True)
class _Signals:
    """Collects signals, which are published when the work is done."""

    kept: list[Invalidation] = field(default_factory=list)

    def signal(self, signal: Invalidation) -> None:
        self.kept.append(signal)

    def publish(self, event: Fact, to: Collection[int], *, chat: Chat | None = None) -> None:
        """Nothing: no command shows clients anything."""

    def send_to_connection(self, event: Fact, connection: str) -> None:
        """Nothing, as `publish`."""
