"""Nothing acknowledged is lost, doubled or out of order while servers and databases are killed."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(400)
async def test_a_short_run_of_kills_loses_nothing(tmp_path: Path) -> None:
    result = tmp_path / "result.json"
    command = [sys.executable, "-m", "benchmarks.faults", "--short", "--json", str(result)]
    run = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=-1, stderr=-2)
    said, _ = await asyncio.wait_for(run.communicate(), 360)
    assert run.returncode == 0, said.decode()
    measured = json.loads(result.read_text())
    assert measured["acknowledged"] > 100
    for broken in ("lost", "doubled", "holes", "out_of_order", "changed_answers", "views_that_differ", "told_twice"):
        assert measured[broken] == 0, said.decode()
