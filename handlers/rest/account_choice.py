"""Chooses the account that a request of the messaging API acts for: `account=` is read here and nowhere else.

It is the number, in the query, the form or the JSON body, on every method (design section 9; messaging contract, section 3).
A token stands for one account, so it can only be named, not changed.
"""

from aiohttp import web

from handlers.rest.requests import read_fields, require_actor
from handlers.wire.fields import Fields, find_number
from models.documents.session import Actor
from models.errors import WrongAccount


async def read_as_account(request: web.Request) -> tuple[Actor, Fields]:
    """Who acts, and the fields of the body. Raises Unauthenticated before it reads anything, and WrongAccount."""
    actor = require_actor(request)
    fields = await read_fields(request)
    require_own(actor, request, fields)
    return actor, fields


def require_own(actor: Actor, request: web.Request, fields: Fields) -> None:
    """Raises WrongAccount when the query or these fields name an account that is not the actor's."""
    in_body = fields.get("account")
    named = [*request.query.getall("account", ()), *(in_body if isinstance(in_body, list) else [in_body])]
    if any(find_number(value) != actor.number for value in named if value not in (None, "")):
        raise WrongAccount
