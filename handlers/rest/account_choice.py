"""Chooses the account that a request acts for; both APIs read `account=` only here.

`account` is a phone number in the query, the form or the JSON body, on every method (docs/rest.md, "Choice of account"). A token from a
code stands for one account, so `account` can only name that one. A login's token chooses among the login's accounts. An account of
somebody else is refused.
"""

from contextlib import suppress
from typing import Any

from aiohttp import web

from handlers.rest.forms import FORMS, JSON
from handlers.rest.requests import ACTOR, CHOOSE_ACCOUNT, IDENTITY, read_body, read_fields
from handlers.wire.fields import Fields, find_number
from models.documents.login import Ownership
from models.documents.session import Actor, Identity
from models.errors import AccountNotRegistered, NoAccount, Unauthenticated, WrongAccount
from models.services.accounts.authenticate import ChooseAccount

NAMED_MAX = 16  # how often one request may name an account


async def keep_identity(request: web.Request, identity: Identity, choose: ChooseAccount) -> None:
    """Keeps the request's identity and, for a login, the account that the query names, before the body is read.

    A request that needs an account and has none, or whose body names another one, is refused later by `choose_actor`.
    """
    request[IDENTITY], request[CHOOSE_ACCOUNT] = identity, choose
    if identity.actor is not None:
        request[ACTOR] = identity.actor
    else:
        with suppress(WrongAccount, AccountNotRegistered, NoAccount):
            request[ACTOR] = await choose.registered(identity, named_account(request, {}))


async def require_same(request: web.Request, identity: Identity) -> None:
    """Raises what ChooseAccount raises, or WrongAccount if a login that is checked again now stands for another account."""
    before = request.get(ACTOR)
    if before is None or identity.login_id is None:
        return
    now = await request[CHOOSE_ACCOUNT].registered(identity, named_account(request, {}))
    if now.account_id != before.account_id:
        raise WrongAccount  # the request named no account, and the login's first account is another one by now


async def require_account(request: web.Request) -> Actor:
    """Returns the acting account for a route that takes nothing but `account` from a body.

    A body that is neither a form nor JSON is passed over, and so is JSON that is no object.
    Raises Unauthenticated before it reads anything, Malformed for a body that cannot be read, and what `choose_actor` raises.
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
    number = named_account(request, fields)
    actor: Actor | None = request.get(ACTOR)
    if actor is not None and number in (None, actor.number):
        return actor
    identity: Identity | None = request.get(IDENTITY)
    if identity is None:
        raise WrongAccount
    return await request[CHOOSE_ACCOUNT].registered(identity, number)


async def read_to_prove(request: web.Request) -> tuple[Ownership, Fields]:
    """Returns the account that a code is for, and the fields of the body."""
    identity, fields = await read_identity(request)
    return await request[CHOOSE_ACCOUNT].to_prove(identity, named_account(request, fields)), fields


async def read_to_remove(request: web.Request) -> tuple[Ownership, Fields]:
    """Returns the account that is to be removed, and the fields of the body."""
    identity, fields = await read_identity(request)
    return await request[CHOOSE_ACCOUNT].to_remove(identity, named_account(request, fields)), fields


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
