"""Each planted bug can still be planted, and in the long run each is convicted."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.history_findings import VERDICTS
from benchmarks.history_strikes import KINDS
from benchmarks.planted import PATCHES, PLANTED_MINUTES, Found, Patch, list_bugs, plant, run_within

ROOT = Path(__file__).resolve().parents[2]
BUGS = list_bugs()
CONVICTED_WITHIN_S = 15 * 60.0


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_applies_to_this_tree(name: str) -> None:
    if shutil.which("git") is None:
        pytest.skip("git is needed to apply a patch")
    check = subprocess.run(
        ["git", "apply", "--check", "--verbose", str(PATCHES / f"{name}.patch")],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "GIT_DIR": "/nonexistent"},  # as for a tree that is no repository
        capture_output=True,
        text=True,
        check=False,
    )
    assert check.returncode == 0, check.stderr


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_says_what_it_does_which_faults_show_it_and_which_verdicts_follow(name: str) -> None:
    patch = Patch.read(name)
    assert patch.says.endswith(".")
    assert patch.options[0] == "--kinds"
    assert set(patch.options[1].split(",")) <= set(KINDS)
    assert patch.convicts
    assert set(patch.convicts) <= set(VERDICTS)


def test_a_bug_is_convicted_by_the_verdicts_that_must_follow_and_by_no_others() -> None:
    patch = Patch("bug", "It loses.", (), ("lost", "holes"))
    assert Found(patch, {"lost": 1, "holes": 2, "doubled": 1}, 5).is_convicted
    for verdicts in ({}, {"doubled": 3}, {"lost": 1}):
        found = Found(patch, verdicts, 5)
        assert not found.is_convicted
        assert "not convicted: " in found.row
        assert "holes" in found.row


def test_a_run_that_broke_off_convicts_nobody_and_says_so() -> None:
    found = Found(Patch("bug", "It loses.", (), ("lost",)), {"lost": 1}, 5, has_failed=True)
    assert not found.is_convicted
    assert "the run failed" in found.row


def test_a_run_is_ended_when_its_time_is_over_and_signals_do_what_they_did_before(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    assert run_within([sys.executable, "-c", "import time; time.sleep(600)"], tmp_path, 0.1) is None
    assert run_within([sys.executable, "-c", "raise SystemExit(2)"], tmp_path, 60) == 2
    assert signal.getsignal(signal.SIGTERM) == before


def test_there_are_as_many_bugs_as_are_promised() -> None:
    assert len(BUGS) >= 12


@pytest.mark.long
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_convicted(name: str) -> None:
    found = plant(name, PLANTED_MINUTES, seed=1)
    assert found.is_convicted, found.row
    assert found.seconds <= CONVICTED_WITHIN_S
