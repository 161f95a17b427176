"""Chooses the account that a request of the messaging API acts for: `account=` is read here and nowhere else.

It is the number, in the query, the form or the JSON body, on every method (design section 9; messaging contract, section 3).
A token that a pin opened stands for one account, which can only be named; a login's token chooses among its accounts.
"""

from aiohttp import web

from handlers.rest.requests import ACTOR, CHOOSE_ACCOUNT, IDENTITY, read_fields
from handlers.wire.fields import Fields, find_number
from models.documents.login import Ownership
from models.documents.session import Actor, Identity
from models.errors import Unauthenticated, WrongAccount

NAMED_MAX = 16  # times that a request may name one account


async def read_as_account(request: web.Request) -> tuple[Actor, Fields]:
    """Who acts, and the fields of the body. Raises Unauthenticated before it reads anything, and what `choose_actor` raises."""
    require_token(request)
    fields = await read_fields(request)
    return await choose_actor(request, fields), fields


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
