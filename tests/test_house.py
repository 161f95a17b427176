"""The house: which layer, room and package may import which, and how modules introduce themselves."""

import ast
from functools import cache
from pathlib import Path

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
ROOMS = ("services", "stores", "ports", "facts", "languages", "documents", "errors")
# Inside models/services, each package may import itself and those on the lines below it.
SERVICES = (
    {"accounts"},
    {"events"},
    {"groups", "users", "search"},
    {"chats"},
    {"presence", "notifications", "media"},
    {"contacts"},
    {"runtime"},
)
FLAT_IN_SERVER = {
    "redis_urls",
    "clock",
    "secret",
    "metrics",
    "faults",
    "startup_error",
    "facebook",
    "url_secrets",
}
FORBIDDEN_NAMES = {"utils", "helpers", "common", "misc", "core", "manager"}


@cache
def parsed() -> dict[Path, tuple[ast.Module, set[str]]]:
    """Returns of each module its syntax tree, and the dotted names that it imports."""
    found = {}
    for path in sorted(path for layer in LAYERS for path in (ROOT / layer).rglob("*.py")):
        tree = ast.parse(path.read_text())
        names: set[str] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        found[path.relative_to(ROOT)] = tree, names
    return found


def parts_behind(names: set[str], prefix: str) -> set[str]:
    """Returns the parts that follow `prefix` in dotted names."""
    return {name.removeprefix(prefix).split(".")[0] for name in names if name.startswith(prefix)}


def test_a_module_imports_only_the_layers_rooms_and_packages_below_it() -> None:
    wrong = []
    for path, (_, names) in parsed().items():
        layer, *inner = path.with_suffix("").parts
        roots = parts_behind(names, "")
        forbidden = set(LAYERS[: LAYERS.index(layer)]) | DRIVERS.get(layer, set())
        wrong += [f"{path} imports {root}" for root in forbidden & roots]
        if layer == "handlers":
            wrong += [f"{path} imports {name}" for name in names if name.startswith("models.stores")]
        if layer == "models" and inner[0] in ROOMS:
            in_front = set(ROOMS[: ROOMS.index(inner[0])])
            wrong += [f"{path} imports models.{room}" for room in in_front & parts_behind(names, "models.")]
            if inner[0] != "stores":
                wrong += [f"{path} imports {driver}" for driver in STORES_ONLY & roots]
        if layer == "models" and inner[0] == "services" and len(inner) > 2:
            line = next(number for number, packages in enumerate(SERVICES) if inner[1] in packages)
            allowed = {inner[1]}.union(*SERVICES[line + 1 :])
            used = parts_behind(names, "models.services.")
            wrong += [f"{path} imports models.services.{package}" for package in used - allowed]
    assert not wrong


def test_a_module_says_in_its_first_line_what_it_is_for() -> None:
    wrong = []
    for path, (tree, _) in parsed().items():
        first = (ast.get_docstring(tree) or "").partition("\n")[0]
        if not first.endswith((".", ":", ";")) or path.stem in FORBIDDEN_NAMES:
            wrong.append(str(path))
    assert not wrong


def test_no_module_lies_beside_the_packages() -> None:
    flat = {path.stem for path in parsed() if len(path.parts) == 2 and path.parts[0] == "server"} - {"__init__"}
    assert flat <= FLAT_IN_SERVER
    loose = {path for path in parsed() if path.parts[:2] == ("models", "services") and len(path.parts) == 3}
    assert {path.stem for path in loose} == {"__init__"}


def test_no_hook_is_set_from_outside() -> None:
    hooks = [
        f"{path}:{target.lineno} sets {target.attr}"
        for path, (tree, _) in parsed().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for each in node.targets
        for target in (each.elts if isinstance(each, ast.Tuple) else [each])
        if isinstance(target, ast.Attribute) and target.attr.startswith("on_")
        if not (isinstance(target.value, ast.Name) and target.value.id == "self")
    ]
    assert not hooks


def test_every_refusal_has_a_status_and_a_code_of_its_own() -> None:
    def family(kind: type[DomainError]) -> set[type[DomainError]]:
        return {kind}.union(*(family(child) for child in kind.__subclasses__()))

    refusals = {kind for kind in family(DomainError) - {DomainError} if kind.__module__ == "models.errors"}
    assert refusals == set(STATUS)
    assert len({kind.code for kind in refusals}) == len(refusals)
