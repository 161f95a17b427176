"""Where settings come from: the defaults, a file, the environment and the command line, in the order in which they win."""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from server.config.settings import ConfigError, Settings

ENV_PREFIX = "PARLEY_"
_PACKAGE = Path(__file__).resolve().parent.parent
# Where config.yaml and static/ lie: in the package where it was installed from a wheel, else beside it in a checkout.
ASSETS = _PACKAGE if (_PACKAGE / "static").exists() else _PACKAGE.parent
CONFIG_FILE = ASSETS / "config.yaml"
_YamlReader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C takes a fifteenth of the time
# Sentences for pydantic's types of errors, in the words of the person who edits the file.
_SENTENCES = {
    **dict.fromkeys(("int_parsing", "int_from_float", "int_type"), "must be a whole number, without a unit"),
    **dict.fromkeys(("float_parsing", "float_type", "finite_number"), "must be a number, without a unit"),
    **dict.fromkeys(("bool_parsing", "bool_type"), "must be true or false"),
    **dict.fromkeys(("string_type", "path_type"), "must be a text, in quotes where it looks like a number"),
    "tuple_type": "must be a list",
    "too_short": "must not be empty",
    "greater_than_equal": "must be {ge:g} or more",
    "greater_than": "must be more than {gt:g}",
    "less_than_equal": "must be {le:g} or less",
    "literal_error": "must be {expected}",
}
# Former settings: a start that still has one stops, and says what became of it.
_RENAMED = {"nodes.believe_s": "nodes.cache_ttl_s"}
_GONE = {"sockets.frame_max_bytes": "how long a message may be follows from chat.text_max_chars"}


def read_settings(path: Path | None = None, overrides: Mapping[str, Any] | None = None) -> Settings:
    """Returns the settings of all sources, of which `overrides` (nested like the file) wins. Raises ConfigError for the first fault.

    A relative `data_dir` belongs to the folder of the file that sets it, and to the working directory when the
    environment, the command line or the file of an installed server sets it.
    """
    in_file = _read_file(path or CONFIG_FILE) if path or CONFIG_FILE.exists() else {}
    nearer = _merged(_read_environment(), overrides or {})
    is_here = "data_dir" in nearer or (path is None and ASSETS == _PACKAGE)
    base = Path.cwd() if is_here else (path or CONFIG_FILE).resolve().parent
    try:
        settings = Settings(**_merged(in_file, nearer))
    except ValidationError as error:
        raise _named(error) from None
    return (
        settings.model_copy(update={"data_dir": base / settings.data_dir})
        .require_providers()
        .require_alone_with_debug_pin()
    )


def _read_file(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text("utf-8")
        loader = _YamlReader(text)
        node = loader.get_single_node()
        _require_each_key_once(node, path)
        values = None if node is None else loader.construct_document(node)
    except OSError as error:
        raise ConfigError(str(path), f"cannot be read ({error.strerror})") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        # The end lies behind the last line.
        line = f" (line {min(mark.line + 1, len(text.splitlines()))})" if mark else ""
        raise ConfigError(str(path), f"is not valid YAML{line}") from None
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError(str(path), "must hold sections, such as `http:`")
    return values


def _require_each_key_once(node: yaml.Node | None, path: Path, keys: tuple[str, ...] = ()) -> None:
    """Raises ConfigError if a section names a key twice, of which PyYAML would silently take the last."""
    if not isinstance(node, yaml.MappingNode):
        return
    lines: dict[str, int] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if key.tag != "tag:yaml.org,2002:str":
            raise ConfigError(str(path), f"line {line} has a key that is no name of a setting")
        below = (*keys, str(key.value))
        if key.value in lines:
            raise ConfigError(".".join(below), f"is in {path} twice, in lines {lines[key.value]} and {line}")
        lines[key.value] = line
        _require_each_key_once(value, path, below)


def _read_environment() -> dict[str, Any]:
    """Returns the variables of this server, nested like the file. Raises ConfigError for one that names no setting."""
    found: dict[str, Any] = {}
    for name in sorted(os.environ):
        if name.upper().startswith(ENV_PREFIX):
            keys = name[len(ENV_PREFIX) :].lower().split("__")
            _require_known(keys, name)
            nested: Any = os.environ[name]
            for key in reversed(keys):
                nested = {key: nested}
            found = _merged(found, nested)
    return found


def _require_known(keys: list[str], name: str) -> None:
    for key, section in zip(keys, [*_sections(keys), None], strict=False):
        if section is None or key not in section.model_fields:
            raise ConfigError(".".join(keys), f"unknown setting (environment variable {name}){_guess(keys)}")
    if len(_sections(keys)) > len(keys):
        raise ConfigError(".".join(keys), f"is a section: set its keys (environment variable {name})")


def _sections(keys: list[str]) -> list[type[BaseModel]]:
    """Returns the sections along a path, from `Settings` down; the last is the one that the last key names, if it is a section."""
    passed: list[type[BaseModel]] = [Settings]
    for key in keys:
        field = passed[-1].model_fields.get(key)
        if field is None or not (isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)):
            break
        passed.append(field.annotation)
    return passed


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        merged[key] = _merged(under, value) if isinstance(under, Mapping) and isinstance(value, Mapping) else value
    return merged


def _named(error: ValidationError) -> ConfigError:
    first = error.errors(include_url=False, include_input=False)[0]
    keys = [str(part) for part in first["loc"]]
    if first["type"] == "extra_forbidden":
        return ConfigError(".".join(keys), f"unknown setting{_guess(keys)}")
    if first["type"] == "model_type":
        return ConfigError(".".join(keys), "is a section: set its keys")
    sentence = _SENTENCES.get(first["type"])
    if sentence is not None:
        return ConfigError(".".join(keys), sentence.format(**first.get("ctx", {})))
    problem = first["msg"].removeprefix("Value error, ")
    return ConfigError(".".join(keys), problem[0].lower() + problem[1:])


def _guess(keys: list[str]) -> str:
    path = ".".join(keys)
    if path in _RENAMED:
        return f"; it was renamed to {_RENAMED[path]}"
    if path in _GONE:
        return f", and no longer needed: {_GONE[path]}"
    holders = _sections(keys[:-1])
    near = difflib.get_close_matches(keys[-1], holders[-1].model_fields, n=1) if len(holders) == len(keys) else []
    return f"; did you mean {'.'.join([*keys[:-1], *near])}?" if near else ""
