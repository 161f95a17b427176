"""Form fields as data: `a[b]` and `a[]` become objects and lists, and texts become numbers where the shape asks for some."""

import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, get_origin

import orjson
from pydantic import BaseModel

from handlers.wire.fields import Form, list_of
from models.documents.phone import is_number

DEPTH_MAX = 4  # brackets after a name
_NESTED = re.compile(rf"([^\[\]]+)((?:\[[^\[\]]{{0,64}}\]){{1,{DEPTH_MAX}}})")
# A number as JSON writes it, and of a size that is kept.
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,17})?")
_KEY = re.compile(r"\[([^\[\]]*)\]")


def merge(pairs: Iterable[tuple[str, Any]]) -> Form:
    """Returns the fields by name; a name that is sent several times has the list of its values.

    `name[]` is an element of a list even if it is sent once, `name[0]` an element at that index, and `name[key]` a member of an object,
    as the libraries of many languages write them: `invitees[0][phone]=…`. A name with other brackets is kept as it is.
    """
    values: dict[str, list[Any]] = {}
    nested: dict[str, _Node] = {}
    for name, value in pairs:
        base, *keys = _keys(name)
        if keys:
            nested.setdefault(base, _Node()).add(keys, value)
        else:
            values.setdefault(base, []).append(value)
    form = Form({name: several[0] if len(several) == 1 else several for name, several in values.items()})
    for base, node in nested.items():
        found = node.value()
        given = values.get(base, [])
        form[base] = [*given, *(found if isinstance(found, list) else [found])] if given else found
    return form


def as_shaped(shape: type[BaseModel], form: Form) -> dict[str, Any]:
    """Returns the fields of a form as JSON would have them, where the shape expects a list or an object.

    A list of one element is sent as that element; an object as JSON text or member by member, and members that look like numbers become
    numbers. What cannot be converted is left for the shape to refuse. An empty optional field that is no text is dropped, because a
    form cannot say null.
    """
    shaped: dict[str, Any] = dict(form)
    for name, field in shape.model_fields.items():
        value = form.get(name)
        if isinstance(value, str) and not value.strip() and field.annotation is not str and not field.is_required():
            del shaped[name]
            continue
        match get_origin(field.annotation), value:
            case type() as kind, str() if issubclass(kind, list):
                shaped[name] = list_of(value)
            case type() as kind, str() if issubclass(kind, dict):
                with suppress(orjson.JSONDecodeError):
                    shaped[name] = orjson.loads(value)
            case type() as kind, dict() if issubclass(kind, dict):
                shaped[name] = _with_numbers(value)
    return shaped


def _with_numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_numbers(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_numbers(each) for each in value]
    return orjson.loads(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else value


def _keys(name: str) -> list[str]:
    """Returns the parts of a field's name, such as `["a", "0", ""]` of `a[0][]`."""
    match = _NESTED.fullmatch(name)
    return [name] if match is None else [match[1], *_KEY.findall(match[2])]


class _Node:
    """A value built from the brackets of one name: a list if all keys are numbers or empty, else an object."""

    def __init__(self) -> None:
        self._inside: dict[str, _Node] = {}
        self._values: list[Any] = []

    def add(self, keys: list[str], value: Any) -> None:
        if not keys:
            self._values.append(value)
            return
        key = keys[0] or self._element_for(keys[1:])
        self._inside.setdefault(key, _Node()).add(keys[1:], value)

    def _element_for(self, keys: list[str]) -> str:
        """Returns the element that a key belongs to: each `[]` is a new element, `[][key]` the last one unless it has the key already."""
        last = f"#{len(self._inside) - 1}"
        if keys and keys[0] and last in self._inside and keys[0] not in self._inside[last]._inside:
            return last
        return f"#{len(self._inside)}"

    def value(self) -> Any:
        if not self._inside:
            return self._values[0] if len(self._values) == 1 else self._values
        if all(key.startswith("#") or is_number(key) for key in self._inside):
            # Elements with a number come first, in that order; those without keep the order in which they came.
            ordered = sorted(self._inside, key=lambda key: (1, 0) if key.startswith("#") else (0, int(key)))
            return [self._inside[key].value() for key in ordered]
        return {key: node.value() for key, node in self._inside.items()}
