"""The paths of both APIs: which spellings each is served under, and whose error bodies it speaks (design section 9)."""

from handlers.rest.described import Handler, OperationSpec, Route

_MESSAGING = ("/o/", "/api/account", "/api/contacts", "/api/message", "/api/groups", "/groups", "/media")


def messaging(
    method: str, path: str, handler: Handler, described: OperationSpec | None = None, *, canonical: str = ""
) -> list[Route]:
    """A path of the messaging API, with and without its final slash (and the front page of the other). `path` is written with it.

    One that is another spelling of a described path names that as its `canonical` one.
    """
    return [Route(method, spelling, handler, canonical or path, described) for spelling in (path, path.rstrip("/"))]


def events(method: str, path: str, handler: Handler, described: OperationSpec | None = None) -> list[Route]:
    """A path of the events API, bare and below `/api`. `path` is written bare, without a final slash."""
    return [Route(method, spelling, handler, path, described) for spelling in (path, "/api" + path)]


def plain(method: str, path: str, handler: Handler, described: OperationSpec | None = None) -> list[Route]:
    """A path with one spelling only."""
    return [Route(method, path, handler, path, described)]


def is_oauth(path: str) -> bool:
    """Whether errors on this path are shown in OAuth's own shape."""
    return path.startswith("/o/")


def is_messaging(path: str) -> bool:
    """Whether errors on this path are shown in the messaging API's shape; every other path has the events API's."""
    return path.startswith(_MESSAGING)
