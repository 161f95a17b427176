"""Sends the clients of a node that stops away bit by bit, so that the other nodes are not met by all of them at once."""

import asyncio
from collections.abc import Callable, Sequence
from math import ceil

TICK_S = 0.02
DrainClient = Callable[[], None]


async def drain(guests: Sequence[DrainClient], *, per_s: float, within_s: float) -> None:
    """Call each of these once, at `per_s`, or faster where that would take longer than `within_s`.

    As many as leave within a tick leave at once, so a handful costs no time; who waits for its turn is served meanwhile.
    """
    loop = asyncio.get_running_loop()
    per_s = max(per_s, len(guests) / within_s)
    started, gone = loop.time(), 0
    while gone < len(guests):
        due = min(len(guests), ceil((loop.time() - started + TICK_S) * per_s))
        for guest in guests[gone:due]:
            guest()
        gone = due
        if gone < len(guests):
            await asyncio.sleep(TICK_S)
