"""orjson in the shape of the json module, as python-socketio asks for it."""

import json
from typing import Any

import orjson


class Json:
    """The two functions of the json module that python-socketio calls."""

    @staticmethod
    def dumps(value: object, **_: object) -> str:
        return orjson.dumps(value).decode()

    @staticmethod
    def loads(text: str | bytes, **_: object) -> Any:
        """Returns the value of a JSON text. Takes lone surrogates too, which JavaScript writes for a text cut within an emoji. Raises ValueError."""
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError as error:
            if "surrogate" not in str(error):
                raise
        try:
            return json.loads(text, parse_constant=_refuse)
        except RecursionError:
            raise ValueError("nested too deeply") from None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
