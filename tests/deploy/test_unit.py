"""The systemd unit, read by systemd."""

import asyncio
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


async def test_systemd_has_nothing_to_say_against_it(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd is not installed")
    unit = tmp_path / "parley.service"
    text = (ROOT / "deploy" / unit.name).read_text()
    unit.write_text(text.replace("/opt/parley/.venv/bin/python", sys.executable).replace("/opt/parley", str(ROOT)))
    verify = await asyncio.create_subprocess_exec(
        program, "verify", str(unit), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await verify.communicate()
    # What it says of other units, which this one comes after, is no concern of ours.
    assert [line for line in said.decode().splitlines() if unit.name in line] == []
