"""The README's own clients, word for word: two people talk with them."""

import asyncio
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.embedded import EmbeddedStores
from tests.support.javascript_client import install_javascript_client
from tests.support.node import Node, running_node, settings_for

README = Path(__file__).parent.parent / "README.md"
ANN, TOM = "+4930901820", "+4930901821"


@pytest.fixture
async def node(stores: EmbeddedStores, tmp_path: Path) -> AsyncIterator[Node]:
    async with running_node(stores, settings_for(tmp_path)) as running:
        yield running


def example(language: str) -> str:
    """The one block of this language."""
    (block,) = re.findall(rf"```{language}\n(.*?)```", README.read_text(), re.DOTALL)
    return str(block)


class Talk:
    """One person at one of the README's clients."""

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


async def test_two_people_talk_by_the_readmes_clients(node: Node, tmp_path: Path) -> None:
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
