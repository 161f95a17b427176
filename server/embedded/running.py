"""Where the running embedded stores answer: `data_dir/embedded.json`, for command line tools of the same machine."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from server.data_dir import is_in_use

FILE_NAME = "embedded.json"


@dataclass(frozen=True, slots=True)
class RunningStores:
    """The URLs of the stores that are embedded (the others are set); with the Redis password, so never shown."""

    mongodb_url: str | None = None
    redis_url: str | None = None


def publish(data_dir: Path, urls: Mapping[str, str]) -> None:
    """Write the file, whole or not at all, readable by its owner alone."""
    draft = data_dir / f"{FILE_NAME}.draft"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(dict(urls), file)
    draft.replace(data_dir / FILE_NAME)


def withdraw(data_dir: Path) -> None:
    (data_dir / FILE_NAME).unlink(missing_ok=True)


def find_running(data_dir: Path) -> RunningStores | None:
    """Return the stores of the instance that runs on `data_dir`; None without one, also when a crash left the file."""
    if not is_in_use(data_dir):
        return None
    try:
        return RunningStores(**json.loads((data_dir / FILE_NAME).read_text("utf-8")))
    except FileNotFoundError:
        return None
