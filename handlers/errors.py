"""Refusals at the doors: the only table from a refusal to a status, and the error bodies of both APIs and of the sockets."""

from collections.abc import Mapping
from http import HTTPStatus
from math import ceil
from typing import NotRequired

from typing_extensions import TypedDict

from models import errors
from models.errors import DomainError, FieldErrors

STATUS: Mapping[type[DomainError], HTTPStatus] = {
    errors.Malformed: HTTPStatus.BAD_REQUEST,
    errors.FieldErrors: HTTPStatus.BAD_REQUEST,
    errors.WrongAccount: HTTPStatus.BAD_REQUEST,  # docs/rest.md, "Choice of account"
    errors.UrlRefused: HTTPStatus.BAD_REQUEST,  # docs/messaging-api.md, "Media"
    errors.CountryNotServed: HTTPStatus.BAD_REQUEST,
    errors.TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,  # docs/rest.md, "Refusals"
    errors.AccountNotNamed: HTTPStatus.BAD_REQUEST,
    errors.AccountNotRegistered: HTTPStatus.BAD_REQUEST,
    errors.NoAccount: HTTPStatus.BAD_REQUEST,
    errors.LoginNeeded: HTTPStatus.BAD_REQUEST,
    errors.UnknownLanguage: HTTPStatus.BAD_REQUEST,
    errors.FacebookTokenMissing: HTTPStatus.BAD_REQUEST,  # this one and the one below: docs/events-api.md, "Refusals"
    errors.FacebookTokenRefused: HTTPStatus.BAD_REQUEST,
    errors.TooLong: HTTPStatus.BAD_REQUEST,
    errors.UnknownEvent: HTTPStatus.BAD_REQUEST,
    errors.UnsupportedVersion: HTTPStatus.PRECONDITION_FAILED,  # as tus has it
    errors.InvalidClient: HTTPStatus.UNAUTHORIZED,
    errors.InvalidGrant: HTTPStatus.BAD_REQUEST,  # as RFC 6749 has it
    errors.InvalidScope: HTTPStatus.BAD_REQUEST,
    errors.UnsupportedGrantType: HTTPStatus.BAD_REQUEST,
    errors.Unauthenticated: HTTPStatus.UNAUTHORIZED,
    errors.SessionRevoked: HTTPStatus.UNAUTHORIZED,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.NotAnAdmin: HTTPStatus.FORBIDDEN,
    errors.NotTheOwner: HTTPStatus.FORBIDDEN,
    errors.NotYourMessage: HTTPStatus.FORBIDDEN,
    errors.ContactBlocked: HTTPStatus.FORBIDDEN,
    errors.PhotoHidden: HTTPStatus.FORBIDDEN,  # 401 would look like a bad token
    errors.RegistrationClosed: HTTPStatus.BAD_REQUEST,  # docs/events-api.md, "Signing in"
    errors.RegistrationPinNeeded: HTTPStatus.FORBIDDEN,  # like the one below; both have this status on the events API
    errors.WrongRegistrationPin: HTTPStatus.FORBIDDEN,
    errors.WrongPin: HTTPStatus.FORBIDDEN,  # docs/messaging-api.md, "Accounts"; a field error on the events API
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.AccountNotFound: HTTPStatus.NOT_FOUND,
    errors.ChatNotFound: HTTPStatus.NOT_FOUND,
    errors.ContactNotFound: HTTPStatus.NOT_FOUND,
    errors.EventNotFound: HTTPStatus.NOT_FOUND,
    errors.MediaNotFound: HTTPStatus.NOT_FOUND,
    errors.MessageNotFound: HTTPStatus.NOT_FOUND,
    errors.ParticipantNotFound: HTTPStatus.NOT_FOUND,
    errors.PhotoNotFound: HTTPStatus.NOT_FOUND,
    errors.SessionNotFound: HTTPStatus.NOT_FOUND,
    errors.PageNotFound: HTTPStatus.NOT_FOUND,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.AccountExists: HTTPStatus.BAD_REQUEST,  # docs/messaging-api.md, "Registration"
    errors.ClientIdReused: HTTPStatus.CONFLICT,
    errors.ContactExists: HTTPStatus.BAD_REQUEST,  # docs/messaging-api.md, "Contacts"
    errors.ContactsFull: HTTPStatus.CONFLICT,
    errors.FavouritesFull: HTTPStatus.CONFLICT,
    errors.MessageDeleted: HTTPStatus.CONFLICT,
    errors.PollClosed: HTTPStatus.CONFLICT,
    errors.EventFull: HTTPStatus.BAD_REQUEST,  # the events API's generic body
    errors.LimitReached: HTTPStatus.BAD_REQUEST,  # of polls; messages answer 409 with a body of their own (docs/events-api.md, "Messages")
    errors.TooManyInvitees: HTTPStatus.BAD_REQUEST,
    errors.GroupFull: HTTPStatus.CONFLICT,
    errors.PinsFull: HTTPStatus.CONFLICT,
    errors.NotAContact: HTTPStatus.BAD_REQUEST,  # docs/messaging-api.md, "Contact rule"
    errors.RateLimited: HTTPStatus.TOO_MANY_REQUESTS,
    errors.TooManyNewNumbers: HTTPStatus.TOO_MANY_REQUESTS,
    errors.TooManySockets: HTTPStatus.TOO_MANY_REQUESTS,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.InternalFault: HTTPStatus.INTERNAL_SERVER_ERROR,
}


def status_of(refusal: DomainError) -> HTTPStatus:
    return STATUS[type(refusal)]


def headers_of(refusal: DomainError) -> dict[str, str]:
    """Returns `WWW-Authenticate` with every 401, and `Retry-After` in whole seconds with every wait (docs/rest.md, "Refusals")."""
    headers: dict[str, str] = {}
    if isinstance(refusal, errors.Unauthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="api"'
    if refusal.retry_after_ms is not None:
        headers["Retry-After"] = str(max(1, ceil(refusal.retry_after_ms / 1000)))
    return headers


class Refusal(TypedDict):
    """The messaging API's error body: a sentence for people, a code for programs, and for a wait its seconds."""

    error: str
    code: str
    detail: NotRequired[str]
    reason: NotRequired[str]
    retry_after: NotRequired[int]


class OAuthRefusal(TypedDict):
    """The error body of `/o/…`: a code of RFC 6749, section 5.2, and a sentence."""

    error: str
    error_description: str


class EventsRefusal(TypedDict):
    """The events API's error body: a sentence for people, a type for programs."""

    _error_message: str
    _error_type: str


class EventsNotFound(TypedDict):
    """The events API's error body for what does not exist, is not allowed or is over a limit."""

    _error_message: str


def show_for_messaging(refusal: DomainError) -> Refusal:
    """Returns `{"error": text, "code": code}`, and for a wait its seconds (docs/rest.md, "Refusals")."""
    shown: Refusal = {"error": refusal.message, "code": refusal.code}
    if refusal.retry_after_ms is not None:
        return {**shown, "reason": refusal.code, "retry_after": max(1, ceil(refusal.retry_after_ms / 1000))}
    return shown


def show_for_oauth(refusal: DomainError) -> OAuthRefusal:
    """Returns `{"error": code, "error_description": text}` with the codes of RFC 6749, section 5.2."""
    return {"error": oauth_code(type(refusal)), "error_description": refusal.message}


def oauth_code(kind: type[DomainError]) -> str:
    return "invalid_request" if issubclass(kind, errors.Malformed | errors.TooLong) else kind.code


def show_for_events(refusal: DomainError) -> EventsRefusal | EventsNotFound | dict[str, list[str]] | str:
    """Returns the events API's body: field errors as arrays by field, everything else as `is_bare` and `is_untyped` say."""
    if isinstance(refusal, FieldErrors):
        return dict(refusal.fields)
    if is_bare(type(refusal)):
        return refusal.message
    if is_untyped(type(refusal)):
        return {"_error_message": refusal.message}
    return {"_error_message": refusal.message, "_error_type": f"parley.{type(refusal).__name__}"}


def show_for_anybody(refusal: DomainError) -> dict[str, object]:
    """Returns a body in the shapes of both APIs at once, for a request that is too broken to tell which one it was for."""
    sentence, kind = refusal.message, f"parley.{type(refusal).__name__}"
    return {"error": sentence, "code": refusal.code, "_error_message": sentence, "_error_type": kind}


def is_bare(kind: type[DomainError]) -> bool:
    """Returns whether the events API shows the refusal as a text alone, as it does for Facebook."""
    return issubclass(kind, errors.FacebookTokenMissing | errors.FacebookTokenRefused)


def is_untyped(kind: type[DomainError]) -> bool:
    """Returns whether the events API shows it without a type: not found, not allowed, and a limit that is reached."""
    return issubclass(kind, errors.NotFound | errors.LimitReached) or STATUS[kind] is HTTPStatus.FORBIDDEN


# Refusals of HTTP itself. The texts stand here because Python's own change between its versions.
REASONS: Mapping[int, str] = {
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    408: "Request Timeout",
    413: "Request Entity Too Large",
    415: "Unsupported Media Type",
}


def framework_code(status: int) -> str:
    """Returns the messaging API's code for a refusal that has no other reason than its status."""
    return _reason(status).lower().replace(" ", "_")


def framework_type(status: int) -> str:
    """Returns the events API's type for a refusal that has no other reason than its status."""
    return "parley." + _reason(status).replace(" ", "")


def show_framework_for_messaging(status: int) -> Refusal:
    return {"error": _reason(status), "code": framework_code(status), "detail": _reason(status)}


def show_framework_for_oauth(status: int) -> OAuthRefusal:
    return {"error": "invalid_request", "error_description": _reason(status)}


def show_framework_for_events(status: int) -> EventsRefusal | EventsNotFound:
    if status == HTTPStatus.NOT_FOUND:
        return {"_error_message": _reason(status)}
    return {"_error_message": _reason(status), "_error_type": framework_type(status)}


def _reason(status: int) -> str:
    return REASONS.get(status) or HTTPStatus(status).phrase


def show_for_sockets(refusal: DomainError) -> dict[str, object]:
    """Returns `{"code", "message", "retryable", "retry_after_ms"?}` (docs/protocol.md, "Refusals")."""
    shown: dict[str, object] = {"code": refusal.code, "message": refusal.message, "retryable": refusal.retryable}
    if refusal.retry_after_ms is not None:
        shown["retry_after_ms"] = refusal.retry_after_ms
    return shown
