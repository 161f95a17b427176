"""OAuth's parameters and answers (RFC 6749 and 7009; messaging contract, section 2)."""

from datetime import datetime

from handlers.wire.fields import Fields, is_storable
from models.documents.session import TokenPair
from models.errors import Malformed


def read_parameter(fields: Fields, name: str) -> str:
    """A parameter that is needed; raises Malformed."""
    value = find_parameter(fields, name)
    if value is None:
        raise Malformed(f"{name} is needed.")
    return value


def find_parameter(fields: Fields, name: str) -> str | None:
    """A parameter that may be missing; an empty one is (RFC 6749, section 3.1). Given twice it is Malformed."""
    value = fields.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not is_storable(value):
        raise Malformed(f"{name} must be one text.")
    return value


def show_pair(pair: TokenPair, now: datetime, state: str | None) -> dict[str, object]:
    shown: dict[str, object] = {
        "access_token": pair.access,
        "refresh_token": pair.refresh,
        "token_type": "Bearer",
        "expires_in": round((pair.expires_at - now).total_seconds()),
        "scope": pair.scope,
    }
    return shown if state is None else shown | {"state": state}
