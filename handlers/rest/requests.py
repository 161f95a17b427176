"""Reads REST requests: the caller, and the fields of a query, a form or a JSON body alike (docs/rest.md, "Bodies")."""

from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import Any, TypeVar

import orjson
from aiohttp import hdrs, web
from pydantic import BaseModel, ValidationError

from handlers.rest.bodies import read_limited
from handlers.rest.form_fields import as_shaped, merge
from handlers.rest.forms import FORMS, JSON, read_form, readable, require_charset
from handlers.wire.fields import Form, find_number
from handlers.wire.sockets.requests import CHAT_MAX, SEQ_MAX
from models.documents.chat_ref import ChatRef
from models.documents.entry import split_key
from models.documents.network import network_of
from models.documents.session import Actor, Identity
from models.errors import ChatNotFound, FieldErrors, Malformed, MessageNotFound
from models.languages.language import negotiate
from models.services.accounts.authenticate import ChooseAccount

ACTOR = web.RequestKey("actor", Actor)
IDENTITY = web.RequestKey("identity", Identity)
CHOOSE_ACCOUNT = web.AppKey("choose_account", ChooseAccount)
CLIENT_ADDRESS = web.RequestKey("client_address", str)
# Checks the token of a request again; raises what the first check raised or would raise now.
IDENTIFY_AGAIN: web.RequestKey[Callable[[], Awaitable[None]]] = web.RequestKey("identify_again")
Shape = TypeVar("Shape", bound=BaseModel)


async def require_still(request: web.Request) -> None:
    """Raises Unauthenticated, or WrongAccount, if the token no longer stands for the same account.

    Call it after anything slow, such as a body that arrives slowly or a file that is fetched, and before acting on it: the session may
    have ended meanwhile, and its owner was told so.
    """
    identify_again = request.get(IDENTIFY_AGAIN)
    if identify_again is not None:
        await identify_again()


def path_number(request: web.Request) -> str:
    """Returns the number in the path; text with more digits than a number has is nobody's."""
    digits = request.match_info["contact_id"]
    return find_number(digits) or digits


def path_chat(request: web.Request) -> ChatRef:
    """Returns the chat in the path. Raises ChatNotFound for a number that no chat has."""
    digits = request.match_info["chat_id"].lstrip("0")
    if not digits or len(digits) > len(str(CHAT_MAX)) or int(digits) > CHAT_MAX:
        raise ChatNotFound
    return ChatRef(chat_id=int(digits))


def path_message(request: web.Request) -> tuple[ChatRef, int]:
    """Returns the chat and the seq of the message whose id is in the path. Raises MessageNotFound for an id that none can have."""
    chat_id, seq = split_key(int(request.match_info["message_id"], 16))
    if not (1 <= chat_id <= CHAT_MAX and 1 <= seq <= SEQ_MAX):
        raise MessageNotFound
    return ChatRef(chat_id=chat_id), seq


def caller_of(request: web.Request) -> Hashable:
    """Returns the key by which a caller is rate-limited: the account or login, else the address (of IPv6 the network)."""
    identity = request.get(IDENTITY)
    actor: Actor | None = request.get(ACTOR) if identity is None else identity.actor
    if actor is not None:
        return "account", actor.account_id
    if identity is not None:
        return "login", identity.login_id
    return address_of(request)


def address_of(request: web.Request) -> Hashable:
    """Returns the key by which a request is rate-limited where tokens are not checked."""
    return "address", network_of(request.get(CLIENT_ADDRESS, ""))


def language_of(request: web.Request) -> str:
    """Returns the language that `Accept-Language` asks for; an empty text if that is none in which this server writes."""
    return negotiate(",".join(request.headers.getall(hdrs.ACCEPT_LANGUAGE, [])))


async def read_body(request: web.Request) -> Any:
    """Returns the fields of a form, or the JSON value of the body, if the sender is still signed in once it has arrived.

    An empty body is an empty object. Raises what `_read_body` and `require_still` raise.
    """
    is_to_come = request.can_read_body and not request.content.is_eof()
    body = await _read_body(request)
    if is_to_come:
        await require_still(request)
    return body


async def _read_body(request: web.Request) -> Any:
    """Returns the fields of a form, or the JSON value of the body; an empty body is an empty object.

    A field that a form sends several times has the list of its values. Raises Malformed for an unreadable body, TooLarge, and HTTP 415
    for a body that is neither a form nor JSON, or not in UTF-8, before anything is decoded.
    """
    if not request.can_read_body:
        return {}
    if request.content_type in FORMS:
        return merge(await read_form(request))
    require_charset(request.charset)
    with readable():
        body = await read_limited(request)
    if not body or body.isspace():
        return {}
    if request.content_type not in JSON:
        raise web.HTTPUnsupportedMediaType
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Malformed("The body is not valid JSON.") from error


async def read_fields(request: web.Request) -> Mapping[str, Any]:
    """Like `read_body`, for requests whose body is an object."""
    body = await read_body(request)
    if not isinstance(body, dict):
        raise Malformed("The body must be an object.")
    return body


def read_query(request: web.Request) -> dict[str, Any]:
    """Returns the fields of the query; one that is sent several times has the list of its values."""
    return dict(merge(request.query.items()))


def read_shape(shape: type[Shape], fields: object) -> Shape:
    """Validates against a pydantic shape. Raises FieldErrors with one sentence per wrong field.

    Fields of a form that are lists or objects in the shape are converted first.
    """
    try:
        return shape.model_validate(as_shaped(shape, fields) if isinstance(fields, Form) else fields)
    except ValidationError as error:
        raise FieldErrors(field_errors(error)) from None


def field_errors(error: ValidationError) -> dict[str, list[str]]:
    """Returns the events API's sentences for each field; errors across fields are under `non_field_errors`.

    See docs/events-api.md, "Refusals".
    """
    fields: dict[str, list[str]] = {}
    for problem in error.errors(include_url=False):
        name = str(problem["loc"][0]) if problem["loc"] else "non_field_errors"
        kind = "null" if problem["input"] is None else problem["type"]
        fields.setdefault(name, []).append(_sentence(kind, problem["msg"], problem.get("ctx", {}), problem["input"]))
    return fields


def _sentence(kind: str, text: str, context: Mapping[str, Any], given: object) -> str:
    match kind:
        case "null":
            return "This field may not be null."
        case "string_type":
            return "Not a valid string."
        case "missing":
            return "This field is required."
        case "string_too_short" if context.get("min_length") == 1:
            return "This field may not be blank."
        case "string_too_long":
            return f"Ensure this field has no more than {context.get('max_length')} characters."
        case "string_too_short":
            return f"Ensure this field has at least {context.get('min_length')} characters."
        case "bool_type" | "bool_parsing":
            return f'"{given}" is not a valid boolean.'
        case "value_error":
            return text.removeprefix("Value error, ")
        case _:
            return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
