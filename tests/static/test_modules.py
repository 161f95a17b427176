"""The modules without a document, under node's own test runner."""

import asyncio
import re
import shutil
from pathlib import Path

import phonenumbers
import pytest

MODULES = Path(__file__).parent / "modules"
NUMBERS = Path(__file__).parents[2] / "static" / "js" / "numbers.js"


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


def test_the_page_knows_the_calling_codes_that_the_server_knows() -> None:
    known = dict(re.findall(r"\b([A-Z]{2})(\d{1,3})\b", NUMBERS.read_text("utf-8")))
    regions = phonenumbers.SUPPORTED_REGIONS
    assert known == {region: str(phonenumbers.country_code_for_region(region)) for region in regions}
