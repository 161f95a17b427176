"""Starts HAProxy and nginx as `deploy/` configures them, over nodes on this machine, each on a port of its own."""

import asyncio
import contextlib
import re
import shutil
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.launch import bound_to_this_process
from server.embedded.ports import choose_port

DEPLOY = Path(__file__).parents[1] / "deploy"
START_WITHIN_S = 20.0


@asynccontextmanager
async def balancing_by(
    name: str, folder: Path, urls: Sequence[str], *, certificate: Path | None = None
) -> AsyncIterator[str]:
    """Yields the URL at which a balancer answers for three nodes. Raises LookupError without its program.

    `certificate`: with its key, to be reached by TLS.
    """
    binary = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if binary is None:
        raise LookupError(f"{name} is not installed")
    port = choose_port()
    if name == "haproxy":
        config = _configured("haproxy.cfg", folder, urls, port, certificate)
        command = [binary, "-f", str(config), "-db"]
    else:
        config = _configured("nginx.conf", folder, urls, port, certificate)
        settings = f"daemon off; pid {folder / 'pid'}; error_log stderr;"
        command = [binary, "-p", str(folder), "-c", str(config), "-e", "stderr", "-g", settings]
    process = await asyncio.create_subprocess_exec(*bound_to_this_process(command), stderr=asyncio.subprocess.PIPE)
    try:
        await _answers(process, port, certificate)
        yield f"{'http' if certificate is None else 'https'}://127.0.0.1:{port}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.communicate()


def _configured(name: str, folder: Path, urls: Sequence[str], port: int, certificate: Path | None) -> Path:
    """Returns the file of `deploy/` with other addresses and file paths and without TLS, and otherwise as it is."""
    text = (DEPLOY / name).read_text()
    if certificate is not None:
        text, found = re.subn(r"#(.*0\.0\.0\.0:)443(.*)\n.*0\.0\.0\.0:8080.*", r"\g<1>8080\2", text)
        assert found == 1
        text = re.sub(r"/etc/\w+/site\.pem", str(certificate), text)
    for number, url in enumerate(urls, start=1):
        address = urlsplit(url)
        text, found = re.subn(rf"\b10\.0\.0\.{number}:8080\b", f"{address.hostname}:{address.port}", text)
        assert found, "the configuration has as many nodes as there are"
    text, found = re.subn(r"0\.0\.0\.0:8080", f"127.0.0.1:{port}", text)
    assert found == 1
    if name == "nginx.conf":
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        own = "".join(f"    {kind}_temp_path {folder / kind};\n" for kind in kinds)
        text = text.replace("http {\n", f"http {{\n{own}", 1).replace("worker_processes auto", "worker_processes 1", 1)
    config = folder / name
    config.write_text(text)
    return config


async def _answers(process: asyncio.subprocess.Process, port: int, certificate: Path | None) -> None:
    """Wait until a request gets through to a node."""
    trust = None if certificate is None else ssl.create_default_context(cafile=certificate)
    async with asyncio.timeout(START_WITHIN_S):
        while True:
            if process.returncode is not None:
                _, errors = await process.communicate()
                raise AssertionError(f"the balancer ended: {errors.decode()}")
            with contextlib.suppress(OSError):
                reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust)
                writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                answer = await reader.read()
                writer.close()
                if answer.startswith(b"HTTP/1.1 200"):
                    return
            await asyncio.sleep(0.05)
