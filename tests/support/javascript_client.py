"""The official JavaScript client in a process of its own, driven by JSON lines (tests/javascript/client.cjs)."""

import asyncio
import contextlib
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

import benchmarks
from benchmarks.npm import install_packages

FOLDER = Path(__file__).parent / "javascript"
LOCKED = Path(benchmarks.__file__).parent / "clients"


async def install_javascript_client() -> Path:
    """The folder of node modules that the lock file names; installed by npm once per lock file and machine."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are needed for the official JavaScript client")
    try:
        return await install_packages(LOCKED)
    except RuntimeError as error:
        pytest.skip(f"npm could not install the official JavaScript client: {error}")


class JavaScriptClient:
    """One `Manager` of socket.io-client with a socket per namespace; remembers what it was told."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.heard: list[dict[str, Any]] = []
        self._process = process
        self._ids = count()
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._wake = asyncio.Condition()
        self._reader = asyncio.create_task(self._read(), name="JavaScript client")

    async def call(self, name: str, **options: Any) -> Any:
        call_id = next(self._ids)
        future = self._answers[call_id] = asyncio.get_running_loop().create_future()
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"id": call_id, "call": name, **options}).encode() + b"\n")
        return await asyncio.wait_for(future, 30)

    async def ask(self, event: str, body: dict[str, Any] | None = None, namespace: str = "/chat") -> dict[str, Any]:
        answer: dict[str, Any] = await self.call("ask", namespace=namespace, event=event, body=body or {})
        return answer

    async def expect(self, event: str, count: int = 1, *, namespace: str = "/chat") -> list[Any]:
        """The bodies of the first `count` events of this name."""
        async with asyncio.timeout(30), self._wake:
            while len(found := self._told(event, namespace)) < count:
                await self._wake.wait()
            return found[:count]

    def _told(self, event: str, namespace: str) -> list[Any]:
        return [line.get("body") for line in self.heard if line["event"] == event and line["namespace"] == namespace]

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            told = json.loads(line)
            if "id" in told:
                self._answers.pop(told["id"]).set_result(told["result"])
                continue
            async with self._wake:
                self.heard.append({"namespace": "", **told})
                self._wake.notify_all()

    async def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), 5)
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        await self._reader


@asynccontextmanager
async def javascript_client(
    modules: Path, url: str, *transports: str, package: str = "socket.io-client"
) -> AsyncIterator[JavaScriptClient]:
    """A client of this package, opened by these transports; `socket.io-client-3` is version 3."""
    process = await asyncio.create_subprocess_exec(
        "node", str(FOLDER / "client.cjs"),
        env=os.environ | {"NODE_PATH": str(modules), "PARLEY_CLIENT": package},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=2**24,
    )  # fmt: skip
    client = JavaScriptClient(process)
    try:
        await client.call("open", url=url, transports=transports, reconnection_ms=100)
        yield client
    finally:
        await client.close()
