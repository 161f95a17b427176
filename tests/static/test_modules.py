"""The modules without a document, under node's own test runner."""

import asyncio
import json
import re
import shutil
from pathlib import Path

import phonenumbers
import pytest

from benchmarks.npm import install_packages
from models.documents.pin import EVENTS_DIGITS

MODULES = Path(__file__).parent / "modules"
SOURCES = Path(__file__).parents[2] / "static" / "js"
WITHIN_S = 240  # a whole file of tests, before the run gives up on all of them


@pytest.mark.parametrize("name", sorted(path.name for path in MODULES.glob("*.test.mjs")))
async def test_the_module_keeps_its_promises(name: str) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is needed to run the client's modules")
    # Run as a program, a file reports as it does under `node --test`, which would start another process for it.
    process = await asyncio.create_subprocess_exec(
        node, str(MODULES / name), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        async with asyncio.timeout(WITHIN_S):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, output.decode()


def test_the_page_knows_the_calling_codes_that_the_server_knows() -> None:
    known = dict(re.findall(r"\b([A-Z]{2})(\d{1,3})\b", (SOURCES / "numbers.js").read_text("utf-8")))
    regions = phonenumbers.SUPPORTED_REGIONS
    assert known == {region: str(phonenumbers.country_code_for_region(region)) for region in regions}


def test_the_page_knows_how_long_a_code_is() -> None:
    assert f"CODE_DIGITS = {EVENTS_DIGITS};" in (SOURCES / "session.js").read_text("utf-8")


def test_no_text_in_a_script_goes_over_several_lines() -> None:
    """What is sent has no indentation, and would be another text then (server/http/page_files.py)."""
    for path in (*SOURCES.rglob("*.js"), *SOURCES.parent.glob("*.js")):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            quoted = re.sub(r'"`"|/\(?`[^/]*/', "", line)
            assert quoted.count("`") % 2 == 0, f"{path.name}:{number}"
            assert not line.endswith("\\"), f"{path.name}:{number}"


async def test_every_script_exports_what_others_import_from_it() -> None:
    packages = await install_packages(Path(__file__).parent)
    process = await asyncio.create_subprocess_exec(
        "node", Path(__file__).with_name("module_names.mjs"), packages / "acorn" / "dist" / "acorn.mjs",
        *sorted(SOURCES.rglob("*.js")), stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await process.communicate()
    assert process.returncode == 0
    assert json.loads(output) == []
