"""Puts ids of what there is into schemathesis' requests, where tests/support/schemathesis_run.py says so in the environment."""

import json
import os
from typing import Any

import schemathesis

KNOWN = "SCHEMATHESIS_KNOWN"  # JSON: by parameter or field, what there is
_known: dict[str, str] = json.loads(os.environ[KNOWN])


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: Any) -> Any:
    return _with_known(path_parameters)


@schemathesis.hook
def map_query(context: Any, query: Any) -> Any:
    return _with_known(query)


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    return _with_known(body)


def _with_known(fields: Any) -> Any:
    """Nobody else's account, and of those things that there are, one that there is."""
    if not isinstance(fields, dict):
        return fields
    return {name: _known.get(name, value) for name, value in fields.items() if name != "account"}
