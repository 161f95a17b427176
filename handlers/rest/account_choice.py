"""Chooses the account that a request acts for; both APIs read `account=` only here.

`account` is a phone number in the query, the form or the JSON body, on every method (docs/rest.md, "Choice of account"). A token from a
code stands for one account, so `account` can only name that one. A login's token chooses among the login's accounts. An account of
somebody else is refused.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any

from aiohttp import web

from handlers.rest.forms import FORMS, JSON
from handlers.rest.requests import ACTOR, CHOOSE_ACCOUNT, IDENTIFY_AGAIN, IDENTITY, read_body, read_fields
from handlers.wire.fields import Fields, find_number
from models.documents.login import Ownership
from models.documents.session import Actor, Identity
from models.errors import AccountNotRegistered, NoAccount, Unauthenticated, WrongAccount
from models.services.accounts.authenticate import Authenticate

NAMED_MAX = 16  # how often one request may name an account


async def identify(request: web.Request, authenticate: Authenticate, token: str) -> None:
    """Keeps the token's identity in the request and, for a login, the account that the query names, before a body is read.

    A login that has no account, or names another one in the body, is refused later by `choose_actor`. `require_still` checks the
    token again by what is kept here.
    """
    identity = request[IDENTITY] = await authenticate.identify(token)
    again: Callable[[], Awaitable[None]] = partial(_require_same, request, authenticate, token)
    request[IDENTIFY_AGAIN] = again
    if identity.actor is not None:
        request[ACTOR] = identity.actor
    else:
        with suppress(WrongAccount, AccountNotRegistered, NoAccount):
            request[ACTOR] = await _choose(request, identity, {})


async def _require_same(request: web.Request, authenticate: Authenticate, token: str) -> None:
    """Raises what `identify` would raise now, or WrongAccount if a login now stands for another account."""
    identity = await authenticate.identify(token)
    before = request.get(ACTOR)
    if before is None or identity.login_id is None:
        return
    now = await _choose(request, identity, {})
    if now.account_id != before.account_id:
        raise WrongAccount  # the request named no account, and the login's first account is another one by now


async def _choose(request: web.Request, identity: Identity, fields: Fields) -> Actor:
    return await request.app[CHOOSE_ACCOUNT].registered(identity, named_account(request, fields))


async def require_account(request: web.Request) -> Actor:
    """Returns the acting account, where nothing but `account` is taken from the body.

    Bodies that are neither forms nor JSON, and JSON that is no object, are ignored. Raises Unauthenticated before it
    reads anything, Malformed for a body that cannot be read, and the errors of `choose_actor`.
    """
    require_token(request)
    body = await read_body(request) if request.content_type in (*FORMS, *JSON) else {}
    return await choose_actor(request, body if isinstance(body, dict) else {})


async def read_as_account(request: web.Request) -> tuple[Actor, Fields]:
    """Returns the acting account and the fields of the body.

    Raises Unauthenticated before it reads anything, and what `choose_actor` raises.
    """
    require_token(request)
    fields = await read_fields(request)
    return await choose_actor(request, fields), fields


async def read_body_as_account(request: web.Request) -> tuple[Actor, Any]:
    """Like `read_as_account`, for bodies that need not be objects; a body that is no object names no account."""
    require_token(request)
    body = await read_body(request)
    return await choose_actor(request, body if isinstance(body, dict) else {}), body


def require_token(request: web.Request) -> None:
    """Raises Unauthenticated unless the request has a valid token; the body may still name the account."""
    if request.get(ACTOR) is None and request.get(IDENTITY) is None:
        raise Unauthenticated


async def choose_actor(request: web.Request, fields: Fields) -> Actor:
    """Returns the acting account, from the query and from fields of a body that was read elsewhere. Raises ChooseAccount's refusals."""
    actor: Actor | None = request.get(ACTOR)
    if actor is not None and named_account(request, fields) in (None, actor.number):
        return actor
    identity: Identity | None = request.get(IDENTITY)
    if identity is None:
        raise WrongAccount
    return await _choose(request, identity, fields)


async def read_to_prove(request: web.Request) -> tuple[Ownership, Fields]:
    """Returns the account that a code is for, and the fields of the body."""
    identity, fields = await read_identity(request)
    return await request.app[CHOOSE_ACCOUNT].to_prove(identity, named_account(request, fields)), fields


async def read_to_remove(request: web.Request) -> tuple[Ownership, Fields]:
    """Returns the account that is to be removed, and the fields of the body."""
    identity, fields = await read_identity(request)
    return await request.app[CHOOSE_ACCOUNT].to_remove(identity, named_account(request, fields)), fields


async def read_identity(request: web.Request) -> tuple[Identity, Fields]:
    """Returns the token's identity, whether or not it has an account yet, and the fields of the body."""
    identity: Identity | None = request.get(IDENTITY)
    if identity is None:
        raise Unauthenticated
    return identity, await read_fields(request)


def named_account(request: web.Request, fields: Fields) -> str | None:
    """Returns the number that the query and the body name, or None if neither names one.

    Raises WrongAccount for two that differ and for text that is no number.
    """
    in_body = fields.get("account")
    named = [*request.query.getall("account", ()), *(in_body if isinstance(in_body, list) else [in_body])]
    if len(named) > NAMED_MAX:
        raise WrongAccount
    numbers = {find_number(value) for value in named if value not in (None, "")}
    if not numbers:
        return None
    number, *others = numbers
    if number is None or others:
        raise WrongAccount
    return number
