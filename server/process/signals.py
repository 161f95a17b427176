"""Runs the server until a signal ends it."""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from models.tasks import cancel

log = logging.getLogger(__name__)

MEANINGLESS = (signal.SIGUSR1, signal.SIGUSR2)
THREADS_S = 0.5  # until the process exits although a thread hangs


async def until_told(life: Coroutine[Any, Any, None], ends_within_s: float) -> None:
    """Run `life` to its end, or cancel it at the first signal.

    Clean-up that exceeds `ends_within_s` is cancelled part by part.
    """
    living = asyncio.create_task(life, name="life")
    with _signals() as told:
        hearing = asyncio.create_task(told.wait(), name="signals")
        await asyncio.wait([living, hearing], return_when=asyncio.FIRST_COMPLETED)
        await cancel(hearing)
        if told.is_set() and not living.done():
            living.cancel()
            await asyncio.wait([living], timeout=ends_within_s)
            # Each further cancellation ends the part that hangs now, and the next part may hang, too.
            await cancel(living)
    if living.done() and not (told.is_set() and living.cancelled()):
        living.result()
    if told.is_set():
        _wait_for_no_thread()


def _wait_for_no_thread() -> None:
    """Exit soon even if a thread hangs, which cannot be cancelled: one that resolves a name can hang for half a minute."""
    timer = threading.Timer(THREADS_S, os._exit, [0])
    timer.daemon = True
    timer.start()


@contextmanager
def _signals() -> Iterator[asyncio.Event]:
    """Yield an event that the first terminating signal sets.

    A second one must not interrupt the clean-up, which is bounded. SIGHUP is one of them, as closing a terminal sends
    it, unless `nohup` has this process ignore it. SIGUSR1 and SIGUSR2 would end the process at once, with clients cut
    off; they are logged and ignored.
    """
    told = asyncio.Event()

    def tell(number: signal.Signals) -> None:
        if not told.is_set():
            log.info("%s: stopping", number.name)
        told.set()

    loop = asyncio.get_running_loop()
    ends = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        ends.append(signal.SIGHUP)
    for number in ends:
        loop.add_signal_handler(number, tell, number)
    for number in MEANINGLESS:
        loop.add_signal_handler(number, _ignore_signal, number)
    yield told


def _ignore_signal(number: signal.Signals) -> None:
    log.warning("%s is ignored: SIGTERM stops this server, and settings are read at its start", number.name)
