"""Nothing acknowledged is lost, doubled or out of order while servers and databases are killed."""

import asyncio
import json
import secrets
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.fault_injector import Kind
from benchmarks.faults import run, table
from benchmarks.history_findings import describe
from benchmarks.history_run import run_piece
from benchmarks.history_world import HistoryPlan
from benchmarks.plans import EACH_KIND_ONCE, OF_A_CLUSTER, ONE_NODE_SHORT

WITHIN_S = 540.0  # many times what it takes, for a machine that does ten other things
ROOT = Path(__file__).resolve().parents[2]
PLAN = replace(ONE_NODE_SHORT, seconds=5.0, messages=400, faults={Kind.NODE_KILL: 2, Kind.MONGOD_KILL: 1})


BROKEN = (
    "lost",
    "doubled",
    "holes",
    "out_of_order",
    "changed_answers",
    "refused_for_good",
    "views_that_differ",
    "told_twice",
    "unknowingly_behind",
)


async def short_run(folder: Path, *options: str) -> dict[str, Any]:
    """What a short run measured; it must have found nothing broken."""
    result = folder / "result.json"
    command = [sys.executable, "-m", "benchmarks.faults", "--short", "--json", str(result), *options]
    run = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=-1, stderr=-2)
    try:
        said, _ = await asyncio.wait_for(run.communicate(), WITHIN_S)
    finally:
        if run.returncode is None:
            run.terminate()
            await run.wait()
    assert run.returncode == 0, said.decode()
    measured: dict[str, Any] = json.loads(result.read_text())
    assert {name: measured[name] for name in BROKEN} == dict.fromkeys(BROKEN, 0), said.decode()
    return measured


@pytest.mark.timeout(600)
async def test_a_short_run_of_kills_loses_nothing(tmp_path: Path) -> None:
    seed = secrets.randbelow(2**31)
    verdict, participants = await asyncio.wait_for(run(PLAN, seed, folder=tmp_path), WITHIN_S)
    assert verdict.is_clean, f"seed {seed}\n{table(verdict, participants)}"
    assert participants.injected == {kind.value: times for kind, times in PLAN.faults.items()}
    assert verdict.acknowledged >= PLAN.messages


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_three_nodes_struck_once_by_each_kind_of_fault_lose_nothing_and_leave_nobody_behind(
    tmp_path: Path,
) -> None:
    measured = await short_run(tmp_path, "--nodes", "3")
    assert measured["acknowledged"] > 100
    assert {kind: len(outages) for kind, outages in measured["outages"].items()} == EACH_KIND_ONCE


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_three_nodes_on_a_redis_cluster_whose_shards_die_and_move_lose_nothing_and_leave_nobody_behind(
    tmp_path: Path,
) -> None:
    measured = await short_run(tmp_path, "--nodes", "3", "--redis-cluster")
    assert measured["acknowledged"] > 100
    assert {kind: len(outages) for kind, outages in measured["outages"].items() if kind in OF_A_CLUSTER} == (
        dict.fromkeys(OF_A_CLUSTER, 2)
    )


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_two_minutes_of_faults_at_once_leave_a_history_in_which_every_promise_is_kept(tmp_path: Path) -> None:
    seed = secrets.randbelow(2**31)
    history = tmp_path / "history.jsonl"
    plan = HistoryPlan(minutes=2.0)
    findings = await asyncio.wait_for(run_piece(plan, seed, history, tmp_path / "site"), 850)
    assert findings.is_clean, f"seed {seed}\n{describe(findings)}"
    assert findings.acknowledged > 500
    assert findings.rests >= 2
    assert sum(map(len, findings.faults.values())) >= 10
