"""Reads the single fields of a request: numbers, texts and lists, each refused with its name in the sentence."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from models.documents.phone import digits_of, is_number
from models.documents.plain_line import is_blank, is_storable, one_line, plain_text
from models.errors import Malformed, TooLong

Fields = Mapping[str, Any]


class Form(dict[str, Any]):
    """The fields of a form, which knows nothing but texts: of one element, a list looks like a text.

    Whoever wants a list reads it by `list_of`, or by the shape that handlers/rest/requests.py validates.
    """


# So many times its length a text may be sent with what is left out of it; a longer one is refused unlooked at.
SLACK = 4
LIST_MAX = 20_000  # twice what an address book holds: numbers that cannot be read are dropped


def read_number(fields: Fields, name: str) -> str:
    """The identity of a number (messaging contract 1.2); raises Malformed when it is missing or none."""
    value = fields.get(name)
    if value is None or value == "":
        raise Malformed(f"{name} is needed.")
    number = find_number(value)
    if number is None:
        raise Malformed(f"{name} must be a phone number in international form, such as +49 30 901820.")
    return number


def find_number(value: object) -> str | None:
    """The identity of a number given as text or as a JSON integer; None for everything else."""
    if isinstance(value, int):
        value = str(value)
        if not is_number(value):  # a sign, or the name of a truth value
            return None
    if not isinstance(value, str):
        return None
    try:
        return digits_of(value)
    except Malformed:
        return None


def read_numbers(fields: Fields, name: str) -> list[str]:
    """The valid numbers of a list, each once; invalid ones are dropped, none left is Malformed (messaging contract 1.2)."""
    found = (find_number(value) for value in read_list(fields, name))
    numbers = list(dict.fromkeys(number for number in found if number is not None))
    if not numbers:
        raise Malformed(f"{name} holds no phone number.")
    return numbers


def read_list(fields: Fields, name: str) -> list[Any]:
    """A list that is not empty. A form gives it as JSON text, separated by commas, or field by field.

    Raises Malformed, also for more than LIST_MAX entries, before any of them is looked at.
    """
    value = fields.get(name)
    if isinstance(value, str):
        value = list_of(value)
    if isinstance(value, list) and len(value) > LIST_MAX:
        raise Malformed(f"{name} may have at most {LIST_MAX} entries.")
    if value is None or value == []:
        raise Malformed(f"{name} is needed, and may not be empty.")
    if not isinstance(value, list):
        raise Malformed(f"{name} must be a list.")
    return value


def list_of(text: str) -> object:
    """Returns the list that a text of a form stands for: JSON text, or elements separated by commas."""
    if not text.lstrip().startswith("["):
        return [part for part in text.split(",") if part.strip()]
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def read_name(fields: Fields, name: str, max_chars: int) -> str | None:
    """Returns a text as one line (`one_line`); None where it is missing, null or blank. Raises Malformed and TooLong."""
    return _read_folded(fields, name, max_chars, one_line)


def read_words(fields: Fields, name: str, max_chars: int) -> str | None:
    """Returns a text of several lines (`plain_text`); None where it is missing, null or blank. Raises Malformed and TooLong."""
    return _read_folded(fields, name, max_chars, plain_text)


def _read_folded(fields: Fields, name: str, max_chars: int, fold: Callable[[str], str]) -> str | None:
    value = fields.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise Malformed(f"{name} must be a text.")
    too_long = TooLong(f"{name} may have at most {max_chars} characters.")
    if len(value) > SLACK * max_chars:
        raise too_long
    if not is_storable(value):
        raise Malformed(f"{name} holds characters that are no text.")
    text = fold(value)
    if len(text) > max_chars:
        raise too_long
    return None if is_blank(text) else text
