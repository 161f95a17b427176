"""Starts and stops the server: reads from the settings what to start, in this order, and stops it in reverse.

    lock data_dir -> bind the port -> ask set stores -> embedded stores -> application -> listen -> print where it is
    -> (signal) -> stop in reverse order

Cheap checks come first. A start that fails prints one line and exits with status 1.
"""

import asyncio
import logging
import os
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from aiohttp import web
from pymongo.errors import PyMongoError
from redis.exceptions import RedisError

from models.tasks import BackgroundTasks, cancel
from server.config import EMBEDDED, ConfigError, Settings
from server.embedded import EmbeddedStores
from server.http.lines_per_address import LINES, lines_of
from server.http.open_files import OPEN_FILES, BoundedSite
from server.http.unreadable import Runner
from server.process.data_dir import hold_data_dir
from server.process.gc_tuning import tune_garbage_collector
from server.process.listeners import BACKLOG, bind, listen, raise_open_files_limit
from server.process.logs import set_up_logs
from server.process.running_server import find_last, published
from server.process.signals import until_told
from server.process.store_checks import require_mongodb, require_redis, startup_refusal
from server.process.unicode_tables import load_tables
from server.process.url_secrets import without_secrets
from server.process.worker_metrics import sockets_folder
from server.process.workers import READY, Workers
from server.secret import load_secret
from server.wiring import DRAIN_CLIENTS, build

log = logging.getLogger(__name__)

STORES_SHARE = 0.25  # of shutdown_s: mongod takes 1 s to write what it holds
APPLICATION_SHARE = 0.7  # of shutdown_s; the rest is for giving up parts that hang
WORKER_SHARE = 0.9  # of APPLICATION_SHARE, in a worker; then its parent kills it
LOOK_S = 1.0  # between two looks at connections on which no request has come
REQUESTS_SHARE = 0.3  # of the application's time, for requests under way; then connections are closed


def serve(settings: Settings) -> None:
    """Run until SIGINT, SIGTERM or SIGHUP, and return when everything is stopped. StartupError says why it cannot start."""
    set_up_logs(settings.log)
    _warn_of_debug_pin(settings)
    with hold_data_dir(settings.data_dir), asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(until_told(_live(settings), settings.shutdown_s))


def serve_with_workers(settings: Settings, command: Sequence[str], count: int) -> None:
    """Run `count` nodes on one port until a signal, and return when all are stopped.

    `command` starts one of them (`serve_as_worker`) with these settings. StartupError says why they cannot start.
    """
    _require_free_doors(settings)
    set_up_logs(settings.log)
    _warn_of_debug_pin(settings)
    with hold_data_dir(settings.data_dir), asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(until_told(_live_in_workers(settings, command, count), settings.shutdown_s))


def serve_as_worker(settings: Settings, own_socket: Path) -> None:
    """Run one of the nodes. Its parent holds the data directory, and has started the stores that the settings name.

    The other workers ask it for its metrics at the socket `own_socket`.
    """
    set_up_logs(settings.log, own_socket.stem)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(until_told(_live_as_worker(settings, own_socket), settings.shutdown_s))


def _warn_of_debug_pin(settings: Settings) -> None:
    if settings.auth.debug_pin:
        log.warning("auth.debug_pin is set: whoever reaches this server can sign in as anybody; unset it for real use")


def _require_free_doors(settings: Settings) -> None:
    """ConfigError where the settings give all workers one address for other nodes, since a session belongs to one worker."""
    for name, value in (("port", settings.nodes.port), ("url", settings.nodes.url)):
        if value:
            raise ConfigError(f"nodes.{name}", "cannot be set with --workers: each of them has an address of its own")


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # not available for Windows
        return None
    return uvloop.new_event_loop


async def _live(settings: Settings) -> None:
    async with AsyncExitStack() as stack:
        listeners = _bind(stack, settings)
        answering, stores = await _start_stores(stack, settings)
        await _open(stack, settings, listeners, stores.mongodb_url, stores.redis_url)
        _say(settings, listeners[0], answering | stores.descriptions)
        await asyncio.Event().wait()


async def _live_in_workers(settings: Settings, command: Sequence[str], count: int) -> None:
    async with AsyncExitStack() as stack:
        # First without sharing: the kernel would share the port with the workers of another server of this user.
        for listener in bind(settings.http):
            listener.close()
        # Held without listening, so that nobody else takes the port while the workers come and go.
        listeners = _bind(stack, settings, is_shared=True)
        answering, stores = await _start_stores(stack, settings)
        environment = {
            "PARLEY_MONGODB__URL": stores.mongodb_url,
            "PARLEY_REDIS__URL": stores.redis_url,
            "PARLEY_DATA_DIR": str(settings.data_dir.absolute()),
        }
        port = str(listeners[0].getsockname()[1])
        patience_s = settings.shutdown_s * APPLICATION_SHARE
        folder = stack.enter_context(sockets_folder(settings.data_dir))
        await stack.enter_async_context(Workers([*command, "--port", port], environment, count, patience_s, folder))
        _say(settings, listeners[0], answering | stores.descriptions)
        await asyncio.Event().wait()


async def _live_as_worker(settings: Settings, own_socket: Path) -> None:
    async with AsyncExitStack() as stack:
        listeners = _bind(stack, settings, is_shared=True)
        await _open(stack, settings, listeners, settings.mongodb.url, settings.redis.url, own_socket)
        sys.stdout.buffer.write(READY)
        sys.stdout.flush()
        await asyncio.Event().wait()


def _bind(stack: AsyncExitStack, settings: Settings, *, is_shared: bool = False) -> list[socket.socket]:
    listeners = bind(settings.http, is_shared=is_shared)
    for listener in listeners:
        stack.callback(listener.close)
    return listeners


async def _start_stores(stack: AsyncExitStack, settings: Settings) -> tuple[dict[str, str], EmbeddedStores]:
    answering = await _ask_set_stores(settings)
    last = find_last(settings.data_dir)
    if settings.mongodb.url == EMBEDDED and last is not None and last.mongodb != EMBEDDED:
        log.warning("mongodb.url is embedded, and the last server on this data_dir used %s", last.mongodb)
    stores = EmbeddedStores(settings.data_dir, settings.mongodb, settings.redis, settings.shutdown_s * STORES_SHARE)
    await stack.enter_async_context(stores)
    secret = load_secret(settings).get_secret_value()
    stack.enter_context(published(settings, secret, stores.mongodb_url, stores.redis_url))
    return answering, stores


async def _open(
    stack: AsyncExitStack,
    settings: Settings,
    listeners: list[socket.socket],
    mongodb_url: str,
    redis_url: str,
    worker_socket: Path | None = None,
) -> None:
    """Serve the application on these sockets until the stack is closed."""
    application_s = settings.shutdown_s * APPLICATION_SHARE * (1 if worker_socket is None else WORKER_SHARE)
    raise_open_files_limit()
    try:
        app = await build(settings, mongodb_url, redis_url, worker_socket)
    except (PyMongoError, RedisError) as error:
        raise startup_refusal(error) from None
    runner = Runner(app, access_log=None, shutdown_timeout=application_s * REQUESTS_SHARE)
    stack.push_async_callback(_close, runner, application_s)
    await runner.setup()
    tune_garbage_collector()
    app[OPEN_FILES].warn(settings.nodes.passed_on_max)
    listen(listeners, settings.http)
    for listener in listeners:
        await BoundedSite(runner, listener, app[OPEN_FILES], backlog=BACKLOG).start()

    async def close_excess() -> None:
        app[LINES].close_excess(lines_of(runner))

    tasks = BackgroundTasks()
    stack.push_async_callback(tasks.stop)
    tasks.repeat("lines per address", close_excess, every_s=LOOK_S)
    _ = tasks.start("tables of names, emoji and languages", load_tables())


def _say(settings: Settings, listener: socket.socket, places: dict[str, str]) -> None:
    print(_first_lines(settings, listener, places), flush=True)  # noqa: T201 - for people, beside the log
    if settings.mongodb.url != EMBEDDED:
        _warn_of_what_others_lack(settings)


async def _ask_set_stores(settings: Settings) -> dict[str, str]:
    """Returns the version and address of each store that is not embedded. ConfigError when one does not answer."""
    answering: dict[str, str] = {}
    if settings.mongodb.url != EMBEDDED:
        version = await require_mongodb(settings.mongodb)
        answering["MongoDB"] = f"{version}, {without_secrets(settings.mongodb.url)}"
    if settings.redis.url != EMBEDDED:
        version = await require_redis(settings.redis)
        answering["Redis"] = f"{version}, {without_secrets(settings.redis.url)}"
    return answering


def _warn_of_what_others_lack(settings: Settings) -> None:
    """Log settings that further nodes would have to share: one node works without, several would not understand each other."""
    own = {"redis.url": settings.redis.url == EMBEDDED, "auth.secret": not settings.auth.secret.get_secret_value()}
    for path in (path for path, is_own in own.items() if is_own):
        log.warning("%s is not set: other nodes on this MongoDB would need the one that this node has made", path)


async def _close(runner: web.AppRunner, patience_s: float) -> None:
    closing = asyncio.create_task(_drain(runner), name="the application's end")
    try:
        _, late = await asyncio.wait([closing], timeout=patience_s)
        if late:
            log.warning("the application was not closed within %.1f s: going on without it", patience_s)
        else:
            closing.result()
    finally:
        # A timeout would cancel only the part that hangs first, and then wait for all later ones.
        await cancel(closing)


async def _drain(runner: web.AppRunner) -> None:
    # While it still listens: balancers ask whether it is ready, and polling clients open new connections.
    await runner.app[DRAIN_CLIENTS]()
    await runner.cleanup()


def _first_lines(settings: Settings, listener: socket.socket, places: dict[str, str]) -> str:
    host, port = listener.getsockname()[:2]
    near = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    lines = {
        "open": settings.http.public_url or f"http://{near}:{port}/",
        "MongoDB": places["MongoDB"],
        "Redis": places["Redis"],
        "data": str(settings.data_dir),
        "stop": "Ctrl-C",
    }
    return "\n".join([f"Parley runs as process {os.getpid()}", *(f"  {key:<8} {text}" for key, text in lines.items())])
