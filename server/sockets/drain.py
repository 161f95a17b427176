"""Disconnects the clients of a node that stops, spread over a time, so that the other nodes do not get all of them at once."""

import asyncio
from collections.abc import Callable, Sequence
from math import ceil

TICK_S = 0.02
DrainClient = Callable[[], None]  # disconnects one client


async def drain(clients: Sequence[DrainClient], *, per_s: float, within_s: float) -> None:
    """Call each function once, `per_s` of them a second, or faster if that would take longer than `within_s`.

    Those of one tick are called together, so a handful of clients costs no time. Clients are served until their turn comes.
    """
    loop = asyncio.get_running_loop()
    per_s = max(per_s, len(clients) / within_s)
    started, gone = loop.time(), 0
    while gone < len(clients):
        due = min(len(clients), ceil((loop.time() - started + TICK_S) * per_s))
        for drain_client in clients[gone:due]:
            drain_client()
        gone = due
        if gone < len(clients):
            await asyncio.sleep(TICK_S)
