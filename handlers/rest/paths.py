"""The paths of both APIs: the spellings under which each is served, and whose error bodies apply (docs/rest.md, "Paths")."""

from handlers.rest.described import Handler, OperationSpec, Route

_MESSAGING = ("/o/", "/api/account", "/api/contacts", "/api/message", "/api/groups", "/groups", "/media", "/api/chats/")


def messaging(
    method: str, path: str, handler: Handler, described: OperationSpec | None = None, *, canonical: str = ""
) -> list[Route]:
    """Returns the routes of a path of the messaging API, with and without its final slash. `path` has the slash.

    A path that is another spelling of a described one names that as its `canonical` one.
    """
    return [Route(method, spelling, handler, canonical or path, described) for spelling in (path, path.rstrip("/"))]


def events(method: str, path: str, handler: Handler, described: OperationSpec | None = None) -> list[Route]:
    """Returns the routes of a path of the events API, bare and below `/api`. `path` is bare and has no final slash."""
    return [Route(method, spelling, handler, path, described) for spelling in (path, "/api" + path)]


def plain(method: str, path: str, handler: Handler, described: OperationSpec | None = None) -> list[Route]:
    """Returns the route of a path with a single spelling."""
    return [Route(method, path, handler, path, described)]


def is_oauth(path: str) -> bool:
    """Returns whether errors on this path have OAuth's shape."""
    return path.startswith("/o/")


def is_messaging(path: str) -> bool:
    """Returns whether errors on this path have the messaging API's shape; every other path has the events API's."""
    return path.startswith(_MESSAGING)
