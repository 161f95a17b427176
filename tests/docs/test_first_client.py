"""The clients in docs/protocol.md and the lines in the README, word for word."""

import asyncio
import os
import re
import shutil
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from server.embedded import EmbeddedStores
from tests.docs.documents import DOCS, ROOT
from tests.support.javascript_client import install_javascript_client
from tests.support.node import Node, running_node, settings_for

PROTOCOL, README = DOCS / "protocol.md", ROOT / "README.md"
ANN, TOM = "+4930901820", "+4930901821"


@pytest.fixture
async def node(stores: EmbeddedStores, tmp_path: Path) -> AsyncIterator[Node]:
    async with running_node(stores, settings_for(tmp_path)) as running:
        yield running


def example(language: str, document: Path = PROTOCOL) -> str:
    """Returns the one block of this language."""
    (block,) = re.findall(rf"```{language}\n(.*?)```", document.read_text(), re.DOTALL)
    return str(block)


class Talk:
    """One person at one of the clients."""

    def __init__(self, process: asyncio.subprocess.Process, node: Node, number: str) -> None:
        self.process, self.node, self.number = process, node, number

    async def hear(self, text: str) -> str:
        """What it prints, until a line holds this text."""
        assert self.process.stdout is not None
        said = ""
        async with asyncio.timeout(60):
            while text not in said:
                chunk = await self.process.stdout.read(1000)
                assert chunk, f"it ended: {said}"
                said += chunk.decode()
        return said

    async def say(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(text.encode() + b"\n")
        await self.process.stdin.drain()

    async def sign_in(self) -> None:
        await self.hear("Code")
        await self.say(self.node.read_code(self.number))

    async def leave(self) -> None:
        await self.say("")
        assert await self.process.wait() == 0


async def talk(node: Node, me: str, friend: str, *command: str, folder: Path) -> Talk:
    process = await asyncio.create_subprocess_exec(
        *command, me, friend, cwd=folder, env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    return Talk(process, node, me)


async def test_a_conversation_goes_as_it_is_written(node: Node) -> None:
    ann, tom = await node.sign_in(ANN[1:]), await node.sign_in(TOM[1:])
    await node.befriend(ann, tom)
    async with (
        asyncio.timeout(60),
        node.http.ws_connect(f"{node.url}/socket.io/?EIO=4&transport=websocket") as socket,
    ):
        for line in example("text").splitlines():
            who, _, packet = line.partition(": ")
            if who == "client":
                await socket.send_str(packet.replace("…", ann.token))
            else:
                said = await socket.receive_str()
                assert re.fullmatch(re.escape(packet).replace("…", ".*"), said), f"{said} instead of {packet}"


async def test_the_lines_in_the_readme_send_a_message(node: Node) -> None:
    ann, tom = await node.sign_in(ANN[1:]), await node.sign_in(TOM[1:])
    await node.befriend(ann, tom)
    lines = example("python", README).replace("http://127.0.0.1:8080", node.url)
    scope: dict[str, Any] = {"token": ann.token}
    exec("async def run():\n" + textwrap.indent(lines, "    ") + "    return chat, answer\n", scope)
    async with asyncio.timeout(60):
        chat, answer = await scope["run"]()
        await chat.disconnect()
    assert answer["ok"], answer


async def test_two_people_talk_by_the_documented_clients(node: Node, tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(await install_javascript_client())
    for name, language in (("talk.py", "python"), ("talk.mjs", "javascript")):
        code = example(language)
        assert "http://127.0.0.1:8080" in code
        (tmp_path / name).write_text(code.replace("http://127.0.0.1:8080", node.url))
    tom = await talk(node, TOM, ANN, str(shutil.which("node")), "talk.mjs", folder=tmp_path)
    await tom.sign_in()
    ann = await talk(node, ANN, TOM, sys.executable, "talk.py", folder=tmp_path)
    await ann.sign_in()
    await ann.say("Hello from Python 👋")
    await tom.hear(f"{ANN[1:]} says: Hello from Python 👋")
    await tom.say("Hello from JavaScript")
    await ann.hear(f"{TOM[1:]} says: Hello from JavaScript")
    await ann.leave()
    await tom.leave()
