"""Starts the servers that are compared, Parley and Socket.IO on Node, each alone on core 0, over the same MongoDB."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from server.embedded import EmbeddedStores
from server.embedded.ports import choose_port

ROOT = Path(__file__).resolve().parent.parent
PEERS = Path(__file__).parent / "peers"
AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class ServerUnderTest:
    """A running server: its port, its process, and a file with one line per connection for the loader."""

    port: int
    pid: int
    lines: Path | None = None


@asynccontextmanager
async def _running(command: list[str], port: int, environment: Mapping[str, str], log: Path) -> AsyncIterator[int]:
    pin = ["taskset", "-c", "0"] if shutil.which("taskset") else []
    with log.open("ab") as sink:
        process = await asyncio.create_subprocess_exec(
            *pin, *command, stdout=sink, stderr=sink, cwd=ROOT, env={**os.environ, **environment}
        )
    try:
        async with asyncio.timeout(60):
            while not await _answers(port):
                if process.returncode is not None:
                    raise SystemExit(f"{command[0]} ended at once; see {log}")
                await asyncio.sleep(0.1)
        yield process.pid
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def install_node_peer() -> Path:
    """Copy the peer to a temporary folder and install its packages there."""
    if shutil.which("npm") is None:
        raise SystemExit("The peer needs Node.js and npm.")
    folder = Path(tempfile.mkdtemp(prefix="parley-peer-")) / "peers"
    shutil.copytree(PEERS, folder)
    subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent"], cwd=folder, check=True)
    return folder


@asynccontextmanager
async def node_peer(folder: Path, stores: EmbeddedStores, *, is_storing: bool = True) -> AsyncIterator[ServerUnderTest]:
    """Socket.IO on Node as its documentation shows it; with `is_storing`, one insertOne before each acknowledgement."""
    port = choose_port()
    environment = {"MONGO": stores.mongodb_url} if is_storing else {}
    command = ["node", str(folder / "server_node.js"), str(port)]
    async with _running(command, port, environment, folder / "log") as pid:
        yield ServerUnderTest(port, pid)


@asynccontextmanager
async def parley(stores: EmbeddedStores, people: int) -> AsyncIterator[ServerUnderTest]:
    """Parley as run.py starts it, with people who are in pairs each other's contacts, and all of them in one group.

    Columns of the lines: token, the pair's other number, the group's id.
    """
    with tempfile.TemporaryDirectory(prefix="parley-bench-") as name:
        folder, port = Path(name), choose_port()
        environment = {
            "PARLEY_MONGODB__URL": stores.mongodb_url,
            "PARLEY_MONGODB__DATABASE": "bench",
            "PARLEY_REDIS__URL": stores.redis_url,
            "PARLEY_SMS__PROVIDER": "outbox",
            "PARLEY_LIMITS__ENABLED": "false",
            "PARLEY_DATA_DIR": str(folder),
        }
        command = [sys.executable, str(ROOT / "run.py"), "--port", str(port)]
        async with _running(command, port, environment, folder / "log") as pid:
            lines = folder / "people.tsv"
            told = await _settle(f"http://127.0.0.1:{port}", folder / "outbox.jsonl", people)
            await asyncio.to_thread(lines.write_text, told)
            yield ServerUnderTest(port, pid, lines)


async def _settle(url: str, outbox: Path, people: int) -> str:
    numbers = [f"49301{i:07d}" for i in range(people)]
    gate = asyncio.Semaphore(AT_ONCE)
    async with aiohttp.ClientSession(url, raise_for_status=True) as http:

        async def ask(path: str, body: object, token: str = "") -> dict[str, object]:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            async with gate, http.post(path, json=body, headers=headers) as answer:
                text = await answer.read()
                shown: dict[str, object] = json.loads(text) if text else {}
                return shown

        await asyncio.gather(*(ask("/auth", {"phone_number": "+" + number}) for number in numbers))
        kept = await asyncio.to_thread(outbox.read_text)
        sent = [json.loads(line) for line in kept.splitlines()]
        codes = {message["to"]: message["code"] for message in sent}
        users = await asyncio.gather(
            *(ask("/auth/verify_pin", {"phone_number": "+" + n, "pin": codes["+" + n]}) for n in numbers)
        )
        tokens = [str(user["auth_token"]) for user in users]
        everybody = [{"contact_id": number} for number in numbers[1:]]
        await ask("/api/contacts/import-contacts/", {"contacts": everybody}, tokens[0])
        await asyncio.gather(
            *(
                ask("/api/contacts/import-contacts/", {"contacts": [{"contact_id": numbers[i ^ 1]}]}, tokens[i])
                for i in range(1, people)
            )
        )
        group = await ask("/api/groups/create-group/", {"participants": numbers[1:], "subject": "all"}, tokens[0])
    return "".join(f"{token}\t{numbers[i ^ 1]}\t{group['id']}\n" for i, token in enumerate(tokens))
