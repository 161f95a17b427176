"""Closes what PyMongo 4.20 leaves open: the socket of a connection whose making was cancelled.

Its `_async_create_connection` closes the socket where connecting fails or takes too long, and not where its task is cancelled, as by the
end of a request or of the client. Python closes it when it next looks for garbage, with a ResourceWarning in whatever test runs then.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pymongo import pool_shared


@contextmanager
def closing_cancelled_connections() -> Iterator[None]:
    """While the block runs, a connection that nobody waits for any more is closed as soon as it is made."""
    make = pool_shared._async_create_connection

    async def make_or_close(*args: Any) -> Any:
        making = asyncio.ensure_future(make(*args))
        try:
            return await asyncio.shield(making)
        except asyncio.CancelledError:
            making.add_done_callback(_close)
            raise

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pool_shared, "_async_create_connection", make_or_close)
        yield


def _close(making: "asyncio.Future[Any]") -> None:
    if not making.cancelled() and making.exception() is None:
        making.result().close()
