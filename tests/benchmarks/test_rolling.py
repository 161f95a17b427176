"""A site whose nodes are restarted one after the other loses, doubles and hides nothing from its crowd."""

import asyncio
import json
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.long
@pytest.mark.timeout(400)
async def test_a_short_rolling_restart_loses_nothing_and_everybody_is_level_again(tmp_path: Path) -> None:
    if shutil.which("haproxy", path="/usr/sbin:/sbin:/usr/bin:/usr/local/sbin") is None:
        pytest.skip("haproxy is needed to stand before the nodes")
    result = tmp_path / "result.json"
    command = [sys.executable, "-m", "benchmarks.rolling", "--short", "--json", str(result)]
    run = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=-1, stderr=-2)
    said, _ = await asyncio.wait_for(run.communicate(), 360)
    assert run.returncode == 0, said.decode()
    measured = json.loads(result.read_text())
    assert measured["acknowledged"] > 0
    assert sum(restart["returned"] for restart in measured["restarts"]) >= measured["people"] * measured["devices"]
    for broken in ("lost", "doubled", "holes", "out_of_order", "changed_answers", "views_that_differ", "told_twice"):
        assert measured[broken] == 0, said.decode()
