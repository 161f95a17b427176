"""Install what setup.cfg asks for, so that `python3 run.py` is all that a fresh machine needs. Standard library only.

pip cannot install a folder that has only a setup.cfg, so its requirement strings are handed to pip one by one: into the
active virtual environment, else into `.venv` beside run.py, which then takes over. A stamp in the environment lists
what was installed, so that a later start only compares two lists.
"""

import configparser
import importlib
import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parents[2]
SETUP_FILE = ROOT / "setup.cfg"
OWN_ENVIRONMENT = ROOT / ".venv"
STAMP_NAME = ".parley-requirements"
AGAIN = "_PARLEY_INSTALLED"  # set across the restart: a second round would be an endless one


def read_requirements(extras: Iterable[str], path: Path = SETUP_FILE) -> list[str]:
    """List `install_requires` and then each of `extras`, as written, markers included."""
    config = configparser.ConfigParser(interpolation=None)
    with path.open(encoding="utf-8") as file:
        config.read_file(file)
    texts = [config["options"]["install_requires"], *(config["options.extras_require"][extra] for extra in extras)]
    return [line.strip() for text in texts for line in text.splitlines() if line.strip()]


def require_installed(extras: Iterable[str], argv: list[str]) -> None:
    """Return when this interpreter has everything; otherwise install and start `argv` anew with the one that has.

    Exits with one line when pip or venv fail.
    """
    wanted = read_requirements(extras)
    is_virtual = sys.prefix != sys.base_prefix
    if is_stamped(Path(sys.prefix), wanted):
        return
    if all(_is_met(line) for line in wanted):
        if is_virtual:
            _stamp(Path(sys.prefix), wanted)
        return
    if os.environ.get(AGAIN):
        sys.exit("parley: the requirements were installed but are still not found by " + sys.executable)
    environment = Path(sys.prefix) if is_virtual else OWN_ENVIRONMENT
    python = Path(sys.executable) if is_virtual else environment / "bin" / "python"
    if not is_stamped(environment, wanted):
        if not python.exists():
            _make_environment(environment)
        _install(python, wanted)
        _stamp(environment, wanted)
    _start_anew(python, argv)


def is_stamped(environment: Path, wanted: Iterable[str]) -> bool:
    try:
        installed = (environment / STAMP_NAME).read_text("utf-8").splitlines()
    except OSError:
        return False
    return set(wanted) <= set(installed)


def _stamp(environment: Path, installed: list[str]) -> None:
    try:
        (environment / STAMP_NAME).write_text("\n".join(installed) + "\n", "utf-8")
    except OSError:
        return  # somebody else's environment: the next start looks at the packages again


def _is_met(line: str) -> bool:
    try:
        parser: Any = importlib.import_module("packaging.requirements")
    except ImportError:
        try:
            parser = importlib.import_module("pip._vendor.packaging.requirements")
        except ImportError:
            return False
    return _is_present(parser, parser.Requirement(line))


def _is_present(parser: Any, requirement: Any) -> bool:
    if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
        return True
    try:
        version = importlib.metadata.version(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return False
    if not requirement.specifier.contains(version, prereleases=True):
        return False
    below = [parser.Requirement(line) for line in importlib.metadata.requires(requirement.name) or []]
    for extra in requirement.extras:
        for part in below:
            if part.marker is not None and part.marker.evaluate({"extra": extra}):
                part.marker = None
                if not _is_present(parser, part):
                    return False
    return True


def _make_environment(environment: Path) -> None:
    print(f"parley: making {environment}", file=sys.stderr)  # noqa: T201 - no log yet
    made = subprocess.run([sys.executable, "-m", "venv", str(environment)], stdout=subprocess.DEVNULL, check=False)  # noqa: S603
    if made.returncode != 0:
        shutil.rmtree(environment, ignore_errors=True)
        sys.exit("parley: no virtual environment could be made: install Python's venv module, such as python3-venv")


def _install(python: Path, wanted: list[str]) -> None:
    print(f"parley: installing {len(wanted)} packages into {python.parent.parent}", file=sys.stderr)  # noqa: T201
    has_pip = subprocess.run([python, "-c", "import pip"], stderr=subprocess.DEVNULL, check=False).returncode == 0  # noqa: S603
    if not has_pip:  # some tools make environments without it
        subprocess.run([python, "-m", "ensurepip"], stdout=sys.stderr, check=False)  # noqa: S603
    pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    if subprocess.run([*pip, *wanted], stdout=sys.stderr, check=False).returncode != 0:  # noqa: S603
        sys.exit("parley: the requirements of setup.cfg could not be installed: pip says why above")


def _start_anew(python: Path, argv: list[str]) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(python, [str(python), *argv], {**os.environ, AGAIN: "1"})  # noqa: S606
