"""Chooses the account that a request acts for: `account=` is read here and nowhere else, for both APIs.

It is the number, in the query, the form or the JSON body, on every method (design section 9; messaging contract, section 3).
A token that a pin opened stands for one account, which can only be named; a login's token chooses among its accounts. One
that is not the caller's is refused.
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

NAMED_MAX = 16  # times that a request may name one account


async def keep_identity(request: web.Request, identity: Identity, choose: ChooseAccount) -> None:
    """Keep who asks, and for a login the account that the query means, before anything of the body is read.

    Whoever needs an account and finds none, or another one named in the body, is told by `choose_actor`.
    """
    request[IDENTITY], request[CHOOSE_ACCOUNT] = identity, choose
    if identity.actor is not None:
        request[ACTOR] = identity.actor
    else:
        with suppress(WrongAccount, AccountNotRegistered, NoAccount):
            request[ACTOR] = await choose.registered(identity, named_account(request, {}))


async def require_same(request: web.Request, identity: Identity) -> None:
    """Raise what ChooseAccount raises, or WrongAccount, where a login that is looked at again means another account by now."""
    before = request.get(ACTOR)
    if before is None or identity.login_id is None:
        return
    now = await request[CHOOSE_ACCOUNT].registered(identity, named_account(request, {}))
    if now.account_id != before.account_id:
        raise WrongAccount  # it named none, and another one is its first by now


async def require_account(request: web.Request) -> Actor:
    """Returns who acts, where nothing but `account` is taken from a body.

    A body that is neither a form nor JSON is passed over, and so is JSON that is no object.
    Raises Unauthenticated before it reads anything, Malformed for a body that cannot be read, and what `choose_actor` raises.
    """
    require_token(request)
    body = await read_body(request) if request.content_type in (*FORMS, *JSON) else {}
    return await choose_actor(request, body if isinstance(body, dict) else {})


async def read_as_account(request: web.Request) -> tuple[Actor, Fields]:
    """Who acts, and the fields of the body. Raises Unauthenticated before it reads anything, and what `choose_actor` raises."""
    require_token(request)
    fields = await read_fields(request)
    return await choose_actor(request, fields), fields


async def read_body_as_account(request: web.Request) -> tuple[Actor, Any]:
    """`read_as_account` for bodies that need not be objects; any other names no account."""
    require_token(request)
    body = await read_body(request)
    return await choose_actor(request, body if isinstance(body, dict) else {}), body


def require_token(request: web.Request) -> None:
    """Raises Unauthenticated unless somebody is asking; for which account, the body may still say."""
    if request.get(ACTOR) is None and request.get(IDENTITY) is None:
        raise Unauthenticated


async def choose_actor(request: web.Request, fields: Fields) -> Actor:
    """Who acts, by the query and by the fields of a body that was read otherwise; raises ChooseAccount's refusals."""
    number = named_account(request, fields)
    actor: Actor | None = request.get(ACTOR)
    if actor is not None and number in (None, actor.number):
        return actor
    identity: Identity | None = request.get(IDENTITY)
    if identity is None:
        raise WrongAccount
    return await request[CHOOSE_ACCOUNT].registered(identity, number)


async def read_to_prove(request: web.Request) -> tuple[Ownership, Fields]:
    """The account that a code is for, and the fields of the body."""
    identity, fields = await read_identity(request)
    return await request[CHOOSE_ACCOUNT].to_prove(identity, named_account(request, fields)), fields


async def read_to_remove(request: web.Request) -> tuple[Ownership, Fields]:
    """The account that is to go, and the fields of the body."""
    identity, fields = await read_identity(request)
    return await request[CHOOSE_ACCOUNT].to_remove(identity, named_account(request, fields)), fields


async def read_identity(request: web.Request) -> tuple[Identity, Fields]:
    """Whose token it is, whether or not it has an account yet, and the fields of the body."""
    identity: Identity | None = request.get(IDENTITY)
    if identity is None:
        raise Unauthenticated
    return identity, await read_fields(request)


def named_account(request: web.Request, fields: Fields) -> str | None:
    """The number that the query and the body name; None if neither does. Two that differ, or no number, are WrongAccount."""
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
