"""Reads single fields of a request: numbers, texts and lists. A refusal names the field."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from models.documents.phone import digits_of, is_number
from models.documents.plain_line import is_blank, is_storable, one_line, plain_text
from models.errors import Malformed, TooLong

Fields = Mapping[str, Any]


class Form(dict[str, Any]):
    """The fields of a form, which has only texts: a list of one element looks like a text.

    Read a list by `list_of`, or by the shape that handlers/rest/requests.py validates.
    """


# A text may be sent with so many times its length in characters that are removed; a longer one is refused without a look at it.
SLACK = 4
LIST_MAX = 20_000  # twice the size of an address book, because numbers that cannot be read are dropped


def read_number(fields: Fields, name: str) -> str:
    """Returns the identity of a number (docs/rest.md, "Numbers"). Raises Malformed if it is missing or no number."""
    value = fields.get(name)
    if value is None or value == "":
        raise Malformed(f"{name} is needed.")
    number = find_number(value)
    if number is None:
        raise Malformed(f"{name} must be a phone number in international form, such as +49 30 901820.")
    return number


def find_number(value: object) -> str | None:
    """Returns the identity of a number that is a text or a JSON integer; None for everything else."""
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
    """Returns the valid numbers of a list, each once. Invalid ones are dropped; raises Malformed if none is left."""
    found = (find_number(value) for value in read_list(fields, name))
    numbers = list(dict.fromkeys(number for number in found if number is not None))
    if not numbers:
        raise Malformed(f"{name} holds no phone number.")
    return numbers


def read_list(fields: Fields, name: str) -> list[Any]:
    """Returns a list that is not empty. A form sends it as JSON text, separated by commas, or as a repeated field.

    Raises Malformed, also for more than LIST_MAX entries, before it reads any of them.
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
    """Returns the list that a form's text stands for: JSON text, or elements separated by commas."""
    if not text.lstrip().startswith("["):
        return [part for part in text.split(",") if part.strip()]
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def read_name(fields: Fields, name: str, max_chars: int) -> str | None:
    """Returns a text as one line (`one_line`); None if it is missing, null or blank. Raises Malformed and TooLong."""
    return _read_folded(fields, name, max_chars, one_line)


def read_words(fields: Fields, name: str, max_chars: int) -> str | None:
    """Returns a text of several lines (`plain_text`); None if it is missing, null or blank. Raises Malformed and TooLong."""
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
