"""Refusals at the doors: the only table from a refusal to a status, and the bodies of both APIs and of the sockets."""

from collections.abc import Mapping
from http import HTTPStatus
from math import ceil

from models import errors
from models.errors import DomainError, FieldErrors

STATUS: Mapping[type[DomainError], HTTPStatus] = {
    errors.Malformed: HTTPStatus.BAD_REQUEST,
    errors.FieldErrors: HTTPStatus.BAD_REQUEST,
    errors.WrongAccount: HTTPStatus.BAD_REQUEST,  # messaging contract, section 3
    errors.UrlRefused: HTTPStatus.BAD_REQUEST,  # messaging contract 9.2
    errors.TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,  # design section 7
    errors.AccountNotNamed: HTTPStatus.BAD_REQUEST,
    errors.AccountNotRegistered: HTTPStatus.BAD_REQUEST,
    errors.NoAccount: HTTPStatus.BAD_REQUEST,
    errors.LoginNeeded: HTTPStatus.BAD_REQUEST,
    errors.TooLong: HTTPStatus.BAD_REQUEST,
    errors.UnknownEvent: HTTPStatus.BAD_REQUEST,
    errors.InvalidClient: HTTPStatus.UNAUTHORIZED,
    errors.InvalidGrant: HTTPStatus.BAD_REQUEST,  # design section 9: as RFC 6749 has it
    errors.InvalidScope: HTTPStatus.BAD_REQUEST,
    errors.UnsupportedGrantType: HTTPStatus.BAD_REQUEST,
    errors.Unauthenticated: HTTPStatus.UNAUTHORIZED,
    errors.SessionRevoked: HTTPStatus.UNAUTHORIZED,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.NotAnAdmin: HTTPStatus.FORBIDDEN,
    errors.NotTheOwner: HTTPStatus.FORBIDDEN,
    errors.NotYourMessage: HTTPStatus.FORBIDDEN,
    errors.ContactBlocked: HTTPStatus.FORBIDDEN,
    errors.PhotoHidden: HTTPStatus.FORBIDDEN,  # 401 would look like a bad token (messaging contract 7)
    errors.RegistrationClosed: HTTPStatus.BAD_REQUEST,  # events contract, section 3
    errors.WrongPin: HTTPStatus.FORBIDDEN,  # messaging contract, section 4; a field error on the events API
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
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.AccountExists: HTTPStatus.BAD_REQUEST,  # messaging contract, section 4.1
    errors.ClientIdReused: HTTPStatus.CONFLICT,
    errors.ContactExists: HTTPStatus.BAD_REQUEST,  # messaging contract, section 5
    errors.ContactsFull: HTTPStatus.CONFLICT,
    errors.MessageDeleted: HTTPStatus.CONFLICT,
    errors.EventFull: HTTPStatus.BAD_REQUEST,  # events contract, section 6: generic body
    errors.LimitReached: HTTPStatus.BAD_REQUEST,  # of polls; 409 with a body of its own for messages (seed, "Messages")
    errors.TooManyInvitees: HTTPStatus.BAD_REQUEST,
    errors.GroupFull: HTTPStatus.CONFLICT,
    errors.NotAContact: HTTPStatus.BAD_REQUEST,  # messaging contract, section 5.1
    errors.RateLimited: HTTPStatus.TOO_MANY_REQUESTS,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.InternalFault: HTTPStatus.INTERNAL_SERVER_ERROR,
}


def status_of(refusal: DomainError) -> HTTPStatus:
    return STATUS[type(refusal)]


def headers_of(refusal: DomainError) -> dict[str, str]:
    """`WWW-Authenticate` with every 401, `Retry-After` in whole seconds with every wait (design sections 6 and 7)."""
    headers: dict[str, str] = {}
    if isinstance(refusal, errors.Unauthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="api"'
    if refusal.retry_after_ms is not None:
        headers["Retry-After"] = str(max(1, ceil(refusal.retry_after_ms / 1000)))
    return headers


def show_for_messaging(refusal: DomainError) -> dict[str, object]:
    """`{"error": text, "code": code}` (design section 7); a wait says how long, in seconds."""
    shown: dict[str, object] = {"error": refusal.message, "code": refusal.code}
    if refusal.retry_after_ms is not None:
        shown |= {"reason": refusal.code, "retry_after": max(1, ceil(refusal.retry_after_ms / 1000))}
    return shown


def show_for_oauth(refusal: DomainError) -> dict[str, object]:
    """`{"error": code, "error_description": text}` with the codes of RFC 6749, section 5.2."""
    code = "invalid_request" if isinstance(refusal, errors.Malformed | errors.TooLong) else refusal.code
    return {"error": code, "error_description": refusal.message}


def show_for_events(refusal: DomainError) -> dict[str, object]:
    """Field errors as arrays by field, not found without a type, everything else with both (events contract 1.3)."""
    if isinstance(refusal, FieldErrors):
        return dict(refusal.fields)
    if isinstance(refusal, errors.NotFound):
        return {"_error_message": refusal.message}
    return {"_error_message": refusal.message, "_error_type": f"parley.{type(refusal).__name__}"}


def show_for_sockets(refusal: DomainError) -> dict[str, object]:
    """`{"code", "message", "retryable", "retry_after_ms"?}` (design section 4)."""
    shown: dict[str, object] = {"code": refusal.code, "message": refusal.message, "retryable": refusal.retryable}
    if refusal.retry_after_ms is not None:
        shown["retry_after_ms"] = refusal.retry_after_ms
    return shown
