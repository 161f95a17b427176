"""Starts real servers to measure and to kill: `run.py` as child processes over stores that outlive them."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from benchmarks.launch import bound_to_this_process
from server.embedded import EmbeddedStores
from server.embedded.ports import choose_port

ROOT = Path(__file__).resolve().parent.parent
READY_WITHIN_S = 180.0  # on a machine that is busy with other things
POLL_S = 0.02
SECRET = "a secret that all nodes of one run share, and nobody else"


@dataclass
class Server:
    """One node: `run.py` on a port of its own, the same one after every restart. Its codes go to an outbox file."""

    folder: Path
    mongodb_url: str
    redis_url: str
    settings: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=choose_port)
    starts: int = 0
    _process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def outbox(self) -> Path:
        return self.folder / "outbox.jsonl"

    @property
    def log_path(self) -> Path:
        return self.folder / "server.log"

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None, "it was started"
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Return when it accepts people; one that ends while it starts (the database is away) is started again."""
        self.folder.mkdir(parents=True, exist_ok=True)
        async with asyncio.timeout(READY_WITHIN_S):
            while True:
                self._process = await self._spawn()
                self.starts += 1
                while self._process.returncode is None:
                    if await self.is_ready():
                        return
                    await asyncio.sleep(POLL_S)

    async def _spawn(self) -> asyncio.subprocess.Process:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")}
        environment = {
            "PARLEY_MONGODB__URL": self.mongodb_url,
            "PARLEY_REDIS__URL": self.redis_url,
            "PARLEY_SMS__PROVIDER": "outbox",
            "PARLEY_LIMITS__ENABLED": "false",
            "PARLEY_AUTH__SECRET": SECRET,
            "PARLEY_LOG__FORMAT": "json",
            **self.settings,
        }
        command = [sys.executable, str(ROOT / "run.py"), "--port", str(self.port), "--data-dir", str(self.folder)]
        with self.log_path.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *bound_to_this_process(command), stdout=log, stderr=log, cwd=ROOT, env=inherited | environment
            )

    async def is_ready(self) -> bool:
        """Returns whether the server says that it is ready; asked over a bare connection, which a server that is down refuses."""
        try:
            async with asyncio.timeout(2.0):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.write(b"GET /readyz HTTP/1.0\r\n\r\n")
                answer = await reader.readline()
                writer.close()
        except (OSError, TimeoutError):
            return False
        return b" 200 " in answer

    async def kill(self) -> None:
        """Kill -9, and wait until it is gone."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """SIGTERM, and wait until it is gone."""
        await self._end(signal.SIGTERM)

    def pause(self) -> None:
        """SIGSTOP: it holds its breath, and so do all its connections."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """SIGCONT."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None, "never started"
        with suppress(ProcessLookupError):
            self._process.send_signal(number)

    async def _end(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)
            await self._process.wait()


@asynccontextmanager
async def running_server(server: Server) -> AsyncIterator[Server]:
    await server.start()
    try:
        yield server
    finally:
        await server.kill()


@contextmanager
def holding_breath(pid: int) -> Iterator[None]:
    """Stops a process until the block ends: it neither answers nor breaks a connection.

    ProcessLookupError if it dies.
    """
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def kill_mongod(stores: EmbeddedStores) -> None:
    """Kill -9; the stores start it again on the same port by themselves."""
    assert stores.mongod is not None, "the stores are embedded"
    os.kill(await stores.mongod.pid(), signal.SIGKILL)
    await stores.mongod.ended()


async def kill_redis(stores: EmbeddedStores) -> None:
    """Kill -9; the stores start it again on the same port by themselves."""
    assert stores.valkey is not None, "the stores are embedded"
    os.kill(await stores.valkey.pid(), signal.SIGKILL)
    await stores.valkey.ended()


@dataclass(frozen=True, slots=True)
class Person:
    """An account that has signed in."""

    number: str
    account_id: int
    token: str


async def sign_in(http: aiohttp.ClientSession, server: Server, number: str) -> Person:
    """Prove a number (digits) by the code of the outbox, as a person would."""
    phone = "+" + number
    async with http.post(f"{server.url}/auth", json={"phone_number": phone}) as answer:
        answer.raise_for_status()
    lines = await asyncio.to_thread(lambda: server.outbox.read_text("utf-8").splitlines())
    code = next(sent["code"] for sent in map(json.loads, reversed(lines)) if sent["to"] == phone)
    async with http.post(f"{server.url}/auth/verify_pin", json={"phone_number": phone, "pin": code}) as answer:
        answer.raise_for_status()
        user = await answer.json()
    return Person(number, user["id"], user["auth_token"])


async def befriend(http: aiohttp.ClientSession, server: Server, *people: Person) -> None:
    """Make everybody a contact of everybody."""
    for one in people:
        book = [{"contact_id": other.number} for other in people if other is not one]
        await ask_rest(http, server, one, "/api/contacts/import-contacts/", {"contacts": book})


async def make_group(http: aiohttp.ClientSession, server: Server, founder: Person, *members: Person) -> str:
    """Returns the public id of a new group."""
    body = {"participants": [member.number for member in members], "subject": "faults"}
    answer = await ask_rest(http, server, founder, "/api/groups/create-group/", body)
    return str(answer["groupid"])


async def ask_rest(
    http: aiohttp.ClientSession, server: Server, person: Person, path: str, body: Mapping[str, object]
) -> dict[str, object]:
    """POST a body; raises for any refusal."""
    headers = {"Authorization": f"Bearer {person.token}"}
    async with http.post(server.url + path, headers=headers, json=body) as answer:
        answer.raise_for_status()
        shown: dict[str, object] = await answer.json()
        return shown
