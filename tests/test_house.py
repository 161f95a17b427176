"""The house's one arrow: server -> handlers -> models, and no driver above or below its room."""

import ast
from pathlib import Path

import pytest

from handlers.errors import STATUS
from models.errors import DomainError

ROOT = Path(__file__).parent.parent
LAYERS = ("server", "handlers", "models")  # each may import those to its right
DRIVERS = {
    "models": {"aiohttp", "socketio", "engineio"},
    "handlers": {"pymongo", "motor", "redis", "bson"},
}
STORES_ONLY = {"pymongo", "motor", "bson", "gridfs"}
# Inside models, each room may import itself and those behind it.
ROOMS = ("services", "stores", "ports", "facts", "documents", "errors")
FORBIDDEN_NAMES = {"utils", "helpers", "common", "misc", "core", "manager"}

MODULES = sorted(path for layer in LAYERS for path in (ROOT / layer).rglob("*.py"))


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def roots(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imported(path)}


def room_of(parts: tuple[str, ...]) -> str:
    return parts[1].removesuffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_the_layers_below_it(path: Path) -> None:
    layer = path.relative_to(ROOT).parts[0]
    above = set(LAYERS[: LAYERS.index(layer)])
    assert not (above | DRIVERS.get(layer, set())) & roots(path)


@pytest.mark.parametrize("path", sorted((ROOT / "models").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_of_the_business_imports_only_the_rooms_behind_it(path: Path) -> None:
    parts = path.relative_to(ROOT).parts
    room = room_of(parts)
    if room not in ROOMS:
        return
    in_front = set(ROOMS[: ROOMS.index(room)])
    used = {name.split(".")[1] for name in imported(path) if name.startswith("models.")}
    assert not in_front & used
    if room != "stores":
        assert not STORES_ONLY & roots(path)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_says_in_its_first_line_what_it_is_for(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text()))
    assert docstring is not None
    assert docstring.splitlines()[0].endswith((".", ":", ";"))
    assert path.stem not in FORBIDDEN_NAMES


def test_every_refusal_has_a_status_and_a_code_of_its_own() -> None:
    def family(kind: type[DomainError]) -> set[type[DomainError]]:
        return {kind}.union(*(family(child) for child in kind.__subclasses__()))

    refusals = {kind for kind in family(DomainError) - {DomainError} if kind.__module__ == "models.errors"}
    assert refusals == set(STATUS)
    assert len({kind.code for kind in refusals}) == len(refusals)
