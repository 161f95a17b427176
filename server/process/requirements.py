"""Installs what pyproject.toml asks for, so that `python3 run.py` is all that a fresh machine needs.

pip does the work: into the active virtual environment, else into `.venv` beside run.py, which then takes over. pip is asked only
if something is missing, and a stamp in the environment saves the next start the tenth of a second in which that is found out.
Imports only the standard library until something is known to be installed.
"""

import hashlib
import importlib
import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

OWN_ENVIRONMENT = ".venv"
STAMP_NAME = ".parley-requirements"
# Set for the process that is started anew, so that it does not start itself for ever.
STARTED_ANEW = "_PARLEY_STARTED_ANEW"


def require_installed(root: Path, extras: Sequence[str], argv: Sequence[str]) -> None:
    """Return when this interpreter has what the project in `root` requires with `extras`, after an installation if need be.

    Where this is no virtual environment, `argv` is started anew by the one in `root`. Exits with one line if pip or venv fail.
    """
    is_virtual = sys.prefix != sys.base_prefix
    is_started_anew = os.environ.pop(STARTED_ANEW, None) is not None
    if is_stamped(root, extras):
        return
    if not are_met(read_requirements(root, extras)):
        if not is_virtual:
            if is_started_anew:
                sys.exit(
                    f"parley: {root / OWN_ENVIRONMENT} is no virtual environment any more: remove it, and start again"
                )
            _start_in(root / OWN_ENVIRONMENT, argv)
        _install(root, extras)
    if is_virtual:
        _write_stamp(root, extras)


def read_requirements(root: Path, extras: Sequence[str]) -> list[str]:
    """Returns the project's requirements and then those of `extras`, as written, markers included."""
    with (root / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    return [*project["dependencies"], *(line for extra in extras for line in project["optional-dependencies"][extra])]


def are_met(lines: Sequence[str]) -> bool:
    """Returns whether each requirement that applies to this machine is installed in a version within its range."""
    try:
        from packaging.requirements import Requirement
    except ImportError:
        return False
    for requirement in map(Requirement, lines):
        if requirement.marker is None or requirement.marker.evaluate():
            try:
                version = importlib.metadata.version(requirement.name)
            except importlib.metadata.PackageNotFoundError:
                return False
            if not requirement.specifier.contains(version, prereleases=True):
                return False
    return True


def is_stamped(root: Path, extras: Sequence[str]) -> bool:
    """Returns whether this environment had the requirements, for at least these first extras, of pyproject.toml as it is now."""
    try:
        return (Path(sys.prefix) / STAMP_NAME).read_text("utf-8").startswith(_stamp(root, extras))
    except OSError:
        return False


def _write_stamp(root: Path, extras: Sequence[str]) -> None:
    try:
        (Path(sys.prefix) / STAMP_NAME).write_text(_stamp(root, extras), "utf-8")
    except OSError:
        return  # another user's environment: the next start looks at the packages again


def _stamp(root: Path, extras: Sequence[str]) -> str:
    return " ".join([hashlib.sha256((root / "pyproject.toml").read_bytes()).hexdigest(), *extras, ""])


def _start_in(environment: Path, argv: Sequence[str]) -> NoReturn:
    """Start `argv` anew by the Python of an environment, which is made if it is not there."""
    python = environment / "bin" / "python"
    if not python.exists():
        print(f"parley: making {environment}", file=sys.stderr)  # noqa: T201 - no log yet
        make = [sys.executable, "-m", "venv", str(environment)]
        if subprocess.run(make, stdout=subprocess.DEVNULL, check=False).returncode != 0:  # noqa: S603
            shutil.rmtree(environment, ignore_errors=True)
            sys.exit("parley: no virtual environment could be made: install Python's venv module, such as python3-venv")
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(python, [str(python), *argv], {**os.environ, STARTED_ANEW: "1"})  # noqa: S606


def _install(root: Path, extras: Sequence[str]) -> None:
    """Let pip install the checkout in place, with its requirements and the command `parley`."""
    print(f"parley: installing the requirements into {sys.prefix}", file=sys.stderr)  # noqa: T201 - no log yet
    if importlib.util.find_spec("pip") is None:  # some tools make environments without it
        subprocess.run([sys.executable, "-m", "ensurepip"], stdout=sys.stderr, check=False)
    pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    project = f"{root}[{','.join(extras)}]"
    if subprocess.run([*pip, "--editable", project], stdout=sys.stderr, check=False).returncode != 0:  # noqa: S603
        sys.exit("parley: the requirements in pyproject.toml could not be installed: pip says why above")
    importlib.invalidate_caches()
