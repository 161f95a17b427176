"""How a server in this process stops to listen without forgetting who came in that very moment."""

import asyncio
from collections.abc import Iterable
from typing import Protocol


class Listener(Protocol):
    def fileno(self) -> int: ...


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
