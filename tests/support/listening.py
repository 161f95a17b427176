"""Ports of tests: where nobody answers, and how a server in this process stops to listen without forgetting who just came in."""

import asyncio
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol


class Listener(Protocol):
    def fileno(self) -> int: ...


@contextmanager
def deaf_port() -> Iterator[int]:
    """A port of loopback on which nobody listens, and nobody else can begin to while the block lasts."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


async def stop_accepting(listeners: Iterable[Listener]) -> None:
    """To be called before a server closes, where clients may connect until its end.

    A connection that was accepted in the turn in which its server closes is dropped with its socket open (CPython gh-109564,
    in 3.11 and the standard loop): a ResourceWarning in whatever test the garbage is collected. Parley itself runs on uvloop.
    """
    loop = asyncio.get_running_loop()
    for listener in listeners:
        loop.remove_reader(listener.fileno())
    for _ in range(2):  # from accepted to connected
        await asyncio.sleep(0)
