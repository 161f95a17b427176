"""OAuth's parameters and answers (RFC 6749 and 7009; messaging contract, section 2)."""

from datetime import datetime
from typing import Annotated, Literal, NotRequired

from pydantic import BaseModel
from typing_extensions import TypedDict

from handlers.wire.fields import Fields
from handlers.wire.messaging.request import STORABLE, FieldReader
from models.documents.plain_line import is_storable
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


_TEXT = {"type": "string", "pattern": STORABLE}
Parameter = Annotated[str, FieldReader(read_parameter, _TEXT | {"minLength": 1})]


class Grant(BaseModel):
    """What kind of proof follows."""

    grant_type: Parameter


class Client(BaseModel):
    """Which program asks; that it is known, is looked at before anything behind it is read."""

    client_id: Annotated[
        str | None,
        FieldReader(find_parameter, _TEXT | {"minLength": 1, "examples": ["RoVMZF1EIpC2vcfGC864gr4NZsv0mJlyPlE3gtQY"]}),
    ]


class _Wish(Client):
    scope: Annotated[
        str | None,
        FieldReader(
            find_parameter,
            {"description": "All that there is, if it is not given.", "type": "string", "examples": ["read write"]},
        ),
    ] = None
    state: Annotated[str | None, FieldReader(find_parameter, _TEXT | {"description": "Comes back in the answer."})] = (
        None
    )


class PasswordGrant(_Wish):
    """A user name and its password."""

    grant_type: Annotated[Literal["password"], FieldReader(read_parameter, {"const": "password"})]
    username: Parameter
    password: Parameter


class RefreshGrant(_Wish):
    """A refresh token, which is used up by this."""

    grant_type: Annotated[Literal["refresh_token"], FieldReader(read_parameter, {"const": "refresh_token"})]
    refresh_token: Parameter


class Revocation(Client):
    """A token to end, with the other one of its pair."""

    token: Parameter
    token_type_hint: Annotated[
        str | None,
        FieldReader(find_parameter, {"description": "Not needed.", "enum": ["access_token", "refresh_token"]}),
    ] = None


class PairShown(TypedDict):
    """`expires_in`: seconds."""

    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    scope: str
    state: NotRequired[str]


def show_pair(pair: TokenPair, now: datetime, state: str | None) -> PairShown:
    shown: PairShown = {
        "access_token": pair.access,
        "refresh_token": pair.refresh,
        "token_type": "Bearer",
        "expires_in": round((pair.expires_at - now).total_seconds()),
        "scope": pair.scope,
    }
    return shown if state is None else {**shown, "state": state}
