"""Measures what files cost a node: its memory while a video streams in, and its longest stall while a photo is shrunk.

    python -m benchmarks.media

A whole node runs in a process of its own, and takes both by the doors that clients use, over a throw-away MongoDB and Redis; Linux only (its memory is read in /proc).
Goals: below 16 MiB of growth for a video of 69 MiB, below 50 ms of stall for a photo of 20 megapixels. A stall is told twice:
as the clock saw it, which on a busy machine is also the work of others (the idle line says how much), and as processor
time of the loop's own thread.
"""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from time import perf_counter, thread_time
from typing import Any

import aiohttp
import uvloop
from aiohttp import web
from PIL import Image

from benchmarks.child import measured_child
from server.config import Settings
from server.embedded import throw_away_stores
from server.wiring import build

MIB = 1 << 20
VIDEO_BYTES = 69 * MIB
PHOTO_SIZE = (5472, 3648)  # 20 megapixels
TICK_S = 0.001
FRIEND = "4930901821"  # to whom the videos go
UPLOAD, PHOTO, STALL = "/api/messages/send-video/", "/api/account/profile-photo/", "/healthz/stall"


async def serve(folder: str, mongodb_url: str, redis_url: str) -> None:
    """Serve a node with one more route, which returns the longest stall since it was asked last."""
    settings = Settings(data_dir=Path(folder), sms={"provider": "outbox"}, limits={"enabled": False})
    app = await build(settings, mongodb_url, redis_url)
    longest_s = own_s = 0.0

    async def watch() -> None:
        nonlocal longest_s, own_s
        while True:
            before, worked = perf_counter(), thread_time()
            await asyncio.sleep(TICK_S)
            longest_s = max(longest_s, perf_counter() - before - TICK_S)
            own_s = max(own_s, thread_time() - worked)

    async def stall(_: web.Request) -> web.Response:
        nonlocal longest_s, own_s
        told = f"longest stall {longest_s * 1000:.1f} ms ({own_s * 1000:.1f} ms of own work)"
        longest_s = own_s = 0.0
        return web.json_response({"told": told})

    app.router.add_get(STALL, stall)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    watching = asyncio.create_task(watch(), name="watch")
    print(json.dumps({"port": runner.addresses[0][1]}), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    watching.cancel()
    await runner.cleanup()


def memory_bytes(pid: int, line: str = "VmRSS") -> int:
    """Returns a line of what the system says of a process's memory, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(each.split()[1]) * 1024 for each in lines if each.startswith(line + ":"))


@contextmanager
def most_memory(pid: int) -> Iterator[list[int]]:
    """Measures how much memory a process had at the beginning of the block, and the most that it had until its end."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")  # begins the mark anew
    found = [memory_bytes(pid)]
    yield found
    found.append(memory_bytes(pid, "VmHWM"))


async def video() -> AsyncIterator[bytes]:
    for _ in range(VIDEO_BYTES // MIB):
        yield os.urandom(MIB)


def photo() -> bytes:
    """Returns a JPEG of 20 megapixels with as much detail as a camera's."""
    small = Image.merge("RGB", [Image.effect_noise((PHOTO_SIZE[0] // 4, PHOTO_SIZE[1] // 4), 60) for _ in range(3)])
    out = BytesIO()
    small.resize(PHOTO_SIZE, Image.Resampling.BICUBIC).save(out, "JPEG", quality=90)
    return out.getvalue()


async def sign_in(http: aiohttp.ClientSession, url: str, folder: str, phone: str) -> dict[str, str]:
    async with http.post(f"{url}/auth", json={"phone_number": phone}) as answer:
        assert answer.status == 204, await answer.text()
    code = json.loads((Path(folder) / "outbox.jsonl").read_text().splitlines()[-1])["code"]
    async with http.post(f"{url}/auth/verify_pin", json={"phone_number": phone, "pin": code}) as answer:
        return {"Authorization": f"Bearer {(await answer.json())['auth_token']}"}


async def send(http: aiohttp.ClientSession, url: str, name: str, file_name: str, data: Any, **fields: str) -> float:
    form = aiohttp.FormData(fields)
    form.add_field(name, data, filename=file_name)
    started = perf_counter()
    async with http.post(url, data=form) as answer:
        assert answer.status == 200, await answer.text()
    return perf_counter() - started


async def measure(url: str, pid: int, folder: str) -> None:
    async with aiohttp.ClientSession() as http:
        await sign_in(http, url, folder, "+" + FRIEND)
        http.headers.update(await sign_in(http, url, folder, "+4930901820"))
        async with http.post(url + "/api/contacts/add-contact/", data={"contact_id": FRIEND}) as answer:
            assert answer.status == 201, await answer.text()

        async def stall() -> str:
            async with http.get(url + STALL) as answer:
                return str((await answer.json())["told"])

        await stall()
        await asyncio.sleep(2)
        print(f"idle for 2 s: {await stall()}")
        for which in ("first", "second", "third"):
            await stall()
            with most_memory(pid) as memory:
                took_s = await send(http, url + UPLOAD, "filename", "a.mp4", video(), contact=FRIEND)
            growth = (memory[1] - memory[0]) / MIB
            print(
                f"video of {VIDEO_BYTES // MIB} MiB, {which} time: {growth:.1f} MiB of growth at most "
                f"(of {memory[0] / MIB:.0f}), {took_s:.2f} s, {await stall()}"
            )
        picture = photo()
        for which in ("first", "second", "third"):
            await stall()
            with most_memory(pid) as memory:
                took_s = await send(http, url + PHOTO, "photo", "a.jpg", BytesIO(picture))
            growth = (memory[1] - memory[0]) / MIB
            print(
                f"photo of {PHOTO_SIZE[0] * PHOTO_SIZE[1] / 1e6:.0f} megapixels, {len(picture) / MIB:.1f} MiB, {which} time: "
                f"{await stall()}, {growth:.1f} MiB of growth at most, {took_s:.2f} s"
            )


async def main() -> None:
    async with throw_away_stores() as stores:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "benchmarks.media", folder, stores.mongodb_url, stores.redis_url]
            async with measured_child(*command) as (node, said):
                await measure(f"http://127.0.0.1:{said['port']}", node.pid, folder)


if __name__ == "__main__":
    uvloop.run(serve(*sys.argv[1:]) if len(sys.argv) > 1 else main())
