"""What a route takes, answers and refuses, said where the route is made: /openapi.json is built of nothing else."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import UnionType
from typing import Any

from aiohttp import web
from pydantic import BaseModel
from typing_extensions import override

from models.errors import DomainError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class OperationSpec:
    """One operation, for the people and the programs that read the reference.

    `answers` names for each status of success the shape of its JSON body: a TypedDict, or any type that pydantic can
    describe; None where there is no body, and a media type (`"image/jpeg"`) where it is no JSON. `takes` is the shape of
    the body's fields (a union, where there are several) and `query` that of the query's, the very ones that the handler reads
    with. `file` is the field of a multipart form that carries a file, `file_instead_of` the field that is not needed then.
    `refuses` are the refusals of this operation; those of every one (no token, wrong method, a body that cannot be read, …)
    need not be named. `file_example` is what the file is called in an example. `other_fields`: what field errors may be about that is not taken.
    `is_file`: the bytes are those of a stored file, with an ETag and in parts, if those are asked for.
    """

    summary: str
    answers: Mapping[int, Any]
    takes: type[BaseModel] | UnionType | None = None
    query: type[BaseModel] | None = None
    file: str | None = None
    refuses: tuple[type[DomainError], ...] = ()
    is_public: bool = False  # needs no token
    description: str = ""
    file_instead_of: str = ""
    file_example: str = "photo.jpg"
    other_fields: tuple[str, ...] = ()
    is_file: bool = False


@dataclass(frozen=True, slots=True)
class Route(web.AbstractRouteDef):
    """One spelling of a path. `canonical` is the one that the reference shows."""

    method: str
    path: str
    handler: Handler
    canonical: str
    described: OperationSpec | None = field(default=None, repr=False)

    @override
    def register(self, router: web.UrlDispatcher) -> list[web.AbstractRoute]:
        if self.method == "GET":
            return [router.add_get(self.path, self.handler)]  # answers HEAD too
        return [router.add_route(self.method, self.path, self.handler)]
