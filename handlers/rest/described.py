"""Describes a route where it is made: what it takes, answers and refuses. /openapi.json is built from nothing else."""

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
    """The description of one operation, for the readers of the reference and for programs.

    `answers` maps each status of success to the shape of its JSON body: a TypedDict or another type that pydantic can describe, None
    for no body, or a media type (`"image/jpeg"`) for a body that is not JSON. `takes` is the shape of the body's fields (a union if
    there are several) and `query` that of the query; the handler reads with these very shapes. `file` is the field of a multipart form
    that carries a file, and `file_instead_of` the field that a file replaces. `refuses` lists the refusals of this operation; those
    that every operation has (no token, wrong method, an unreadable body, …) are left out. `file_example` is the file's name in an
    example. `other_fields` are names that field errors may mention besides those of `takes`. `is_file` marks an answer that is a stored
    file, with an ETag and byte ranges. `stream` is the media type of a body that is bytes alone, and `headers` are parameters in the
    head of the request.
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
    stream: str = ""
    headers: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Route(web.AbstractRouteDef):
    """One spelling of a path; `canonical` is the spelling that the reference shows."""

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
