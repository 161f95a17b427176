"""The modules without a document, under node's own test runner."""

import asyncio
import shutil
from pathlib import Path

import pytest

MODULES = Path(__file__).parent / "modules"


@pytest.mark.parametrize("name", sorted(path.name for path in MODULES.glob("*.test.mjs")))
async def test_the_module_keeps_its_promises(name: str) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is needed to run the client's modules")
    process = await asyncio.create_subprocess_exec(
        node, "--test", "--test-timeout=60000", str(MODULES / name),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
