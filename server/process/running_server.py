"""Keeps in `data_dir/server.json` what the server uses, for commands at a shell without the server's environment."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from server.config import EMBEDDED, Settings
from server.process.data_dir import is_in_use
from server.process.site import fingerprint_of
from server.process.url_secrets import without_secrets
from server.startup_error import StartupError

FILE_NAME = "server.json"


@dataclass(frozen=True, slots=True)
class RunningServer:
    """The stores of a running server, with their passwords, so it is never shown. After a clean end it holds no secrets."""

    mongodb: str  # the setting without secrets: `embedded`, or an address
    mongodb_url: str
    database: str
    driver: str
    redis_url: str
    prefix: str  # of names in Redis
    fingerprint: str  # of the secret, also part of names in Redis


@contextmanager
def published(settings: Settings, secret: str, mongodb_url: str, redis_url: str) -> Iterator[None]:
    """Keep the file while the block runs, readable by this user only. Afterwards it holds what is not secret."""
    server = RunningServer(
        mongodb=EMBEDDED if settings.mongodb.url == EMBEDDED else without_secrets(settings.mongodb.url),
        mongodb_url=mongodb_url,
        database=settings.mongodb.database,
        driver=settings.mongodb.driver,
        redis_url=redis_url,
        prefix=settings.redis.prefix,
        fingerprint=fingerprint_of(secret),
    )
    _write(settings.data_dir, server)
    try:
        yield
    finally:
        _write(settings.data_dir, replace(server, mongodb_url="", redis_url=""))


def find_running(data_dir: Path) -> RunningServer | None:
    """Returns what the server that runs on `data_dir` uses, None where none runs. StartupError where that cannot be read."""
    try:
        server = find_last(data_dir) if is_in_use(data_dir) else None
    except PermissionError as error:
        raise _unreadable(data_dir, error) from None
    return server if server is not None and server.mongodb_url else None


def find_last(data_dir: Path) -> RunningServer | None:
    """Returns what the last server on `data_dir` used, without secrets if it ended cleanly; None where there was none."""
    try:
        return RunningServer(**json.loads((data_dir / FILE_NAME).read_text("utf-8")))
    except PermissionError as error:
        raise _unreadable(data_dir, error) from None
    except (OSError, ValueError, TypeError):  # no file, or one of another version
        return None


def _write(data_dir: Path, server: RunningServer) -> None:
    """Write the file atomically, readable by its owner only."""
    draft = data_dir / f"{FILE_NAME}.draft"
    said: dict[str, Any] = asdict(server)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(said, file)
    draft.replace(data_dir / FILE_NAME)


def _unreadable(data_dir: Path, error: OSError) -> StartupError:
    return StartupError(f"data_dir: {data_dir} cannot be read ({error.strerror}): run this as the server's own user")
