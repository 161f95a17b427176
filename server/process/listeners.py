"""Binds the sockets that the HTTP server listens on, before anything slow starts."""

import errno
import resource
import socket
from contextlib import suppress

from server.config import ConfigError, HttpSettings

BACKLOG = 1024  # connections of a reconnect storm that wait for the loop
OPEN_FILES_MAX = 1 << 20  # more than one core can serve; some systems allow a thousand times as many
REASONS = {
    errno.EADDRINUSE: ("http.port", "{port} on {host} is taken by another program; choose another port"),
    errno.EACCES: ("http.port", "{port} may not be used by this user"),
    errno.EADDRNOTAVAIL: ("http.host", "{host} is no address of this machine"),
}


def bind(settings: HttpSettings, *, is_shared: bool = False) -> list[socket.socket]:
    """Bind every address of the host, all on one port. ConfigError when one is taken. Nobody can connect yet.

    A shared port may be bound by several processes of this user, and the kernel spreads connections over those that
    listen.
    """
    bound: list[socket.socket] = []
    port = settings.port
    try:
        for family, kind, protocol, _, address in socket.getaddrinfo(
            settings.host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            listener = socket.socket(family, kind, protocol)
            bound.append(listener)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if is_shared:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.bind((address[0], port, *address[2:]))
            port = listener.getsockname()[1]
    except OSError as error:
        for listener in bound:
            listener.close()
        raise _named(error, settings) from None
    return bound


def raise_open_files_limit() -> None:
    """Allow as many open files as the system does, since each connection is one and shells begin with about a thousand."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = OPEN_FILES_MAX if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES_MAX)
    if soft != resource.RLIM_INFINITY and soft < most:
        with suppress(OSError, ValueError):  # some systems allow fewer than they report
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def listen(listeners: list[socket.socket], settings: HttpSettings) -> None:
    """Accept connections. ConfigError when another program bound the port at the same time and listened first."""
    try:
        for listener in listeners:
            listener.listen(BACKLOG)
    except OSError as error:
        raise _named(error, settings) from None


def _named(error: OSError, settings: HttpSettings) -> ConfigError:
    if isinstance(error, socket.gaierror):
        return ConfigError("http.host", f"{settings.host} has no address ({error.strerror})")
    path, problem = REASONS.get(error.errno or 0, ("http.host", f"{{host}} cannot be listened on ({error.strerror})"))
    return ConfigError(path, problem.format(port=settings.port, host=settings.host or "every address"))
