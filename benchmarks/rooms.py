"""`python -m benchmarks.rooms REDIS_URL`: rooms as python-socketio's documentation shows them, over its own Redis manager.

Says `{"port": …}` when it listens and ends with its standard input. `GET /heard` is how many messages of the manager it has read.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from typing import Any

import socketio
from aiohttp import web

NAMESPACE = "/chat"


class CountingManager(socketio.AsyncRedisManager):  # type: ignore[misc]
    """Counts what it reads, and changes nothing."""

    heard = 0

    async def _listen(self) -> AsyncIterator[Any]:
        async for message in super()._listen():
            self.heard += 1
            yield message


def make_application(redis_url: str) -> web.Application:
    manager = CountingManager(redis_url)
    server = socketio.AsyncServer(async_mode="aiohttp", client_manager=manager)

    async def connect(sid: str, _: object, auth: dict[str, str]) -> None:
        await server.enter_room(sid, auth["token"], namespace=NAMESPACE)

    async def send(_: str, body: dict[str, Any]) -> dict[str, Any]:
        await server.emit("message_created", {"message": body}, room=body["group"], namespace=NAMESPACE)
        return {"ok": True}

    async def show(_: web.Request) -> web.Response:
        return web.json_response(manager.heard)

    server.on("connect", connect, namespace=NAMESPACE)
    server.on("message_send", send, namespace=NAMESPACE)
    app = web.Application()
    server.attach(app)
    app.router.add_get("/heard", show)
    return app


async def main(redis_url: str) -> None:
    runner = web.AppRunner(make_application(redis_url), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sys.stdout.write(json.dumps({"port": runner.addresses[0][1]}) + "\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
