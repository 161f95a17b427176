"""Reads forms with a file while they arrive: the file is never whole in memory, wherever in the form it stands."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from aiohttp import hdrs, web

from handlers.rest.form_fields import merge
from handlers.rest.forms import Budget, name_of, read_content, read_field, read_parts, require_charset
from handlers.rest.requests import read_fields, require_still
from handlers.wire.fields import Fields
from models.documents.media import MediaRule
from models.errors import Malformed
from models.services.media.storage import PendingFile, StoreMedia, read_start

NAME_MAX_CHARS = 1024

File = TypeVar("File")


@dataclass(frozen=True, slots=True)
class Sent:
    """A file as its sender describes it: its name (of a long one the end, with the ending; empty for none) and its type."""

    file_name: str
    mime_type: str


# Takes the file's description and content, and yields what was made of it.
Take = Callable[[Sent, AsyncIterator[bytes]], AbstractAsyncContextManager[File]]


@asynccontextmanager
async def read_upload(request: web.Request, name: str, take: Take[File]) -> AsyncIterator[tuple[Fields, File | None]]:
    """Yields the fields of a form, and what `take` made of the file in field `name`, in whatever order they came.

    Inside the block everything has been read, and the sender is still signed in. The file is None if the form has none, and for every
    other body, which is read as usual. All fields together may be as long as a body of this route; `take` limits the file. Raises
    Malformed, TooLarge and what `take` raises; what `take` holds is released when the block ends.
    """
    if not request.content_type.startswith("multipart/"):
        yield await read_fields(request), None
        return
    if request.content_type != "multipart/form-data":
        raise web.HTTPUnsupportedMediaType
    require_charset(request.charset)
    async with AsyncExitStack() as stack:
        pairs: list[tuple[str, str]] = []
        files: list[File] = []
        budget = Budget(request)
        async for part in read_parts(request):
            if part.filename is not None and name_of(part) == name:
                start, content = await read_start(read_content(part), 1)
                if not start and not part.filename:
                    continue  # what browsers send if no file was chosen
                if files:
                    raise Malformed(f"{name} may be given once.")
                sent = Sent(part.filename[-NAME_MAX_CHARS:], part.headers.get(hdrs.CONTENT_TYPE, ""))
                files.append(await stack.enter_async_context(take(sent, content)))
            elif (field := await read_field(part, budget)) is not None:
                pairs.append(field)
        await require_still(request)
        yield merge(pairs), files[0] if files else None


def taking(store: StoreMedia, rule: MediaRule) -> Take[PendingFile]:
    """Returns a `take` that stores a file of a kind that the message accepts; another kind is refused before it is read."""

    def take(sent: Sent, content: AsyncIterator[bytes]) -> AbstractAsyncContextManager[PendingFile]:
        find_type = partial(rule.require_type, sent.file_name, sent.mime_type)
        return store.receive(content, rule, find_type, sent.file_name, sent.mime_type)

    return take
