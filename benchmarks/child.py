"""Starts a server in a process of its own, so that what is measured of it is its own."""

import asyncio
import json
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

STOPS_WITHIN_S = 15.0


@asynccontextmanager
async def measured_child(*command: str) -> AsyncIterator[tuple[Process, Any]]:
    """Yields the process and its first line of JSON; at the end of the block its standard input is closed, which ends it."""
    node = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    assert node.stdin is not None
    assert node.stdout is not None
    try:
        yield node, json.loads(await node.stdout.readline())
    finally:
        node.stdin.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(STOPS_WITHIN_S):
                await node.wait()
        if node.returncode is None:
            node.kill()
