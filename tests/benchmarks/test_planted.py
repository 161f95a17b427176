"""Each planted bug can still be planted, and in the long run each is convicted."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from benchmarks.history_faults import KINDS
from benchmarks.planted import PATCHES, PLANTED_MINUTES, list_bugs, plant, read_patch

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
def test_a_planted_bug_says_what_it_does_and_which_faults_show_it(name: str) -> None:
    says, options = read_patch(name)
    assert says.endswith(".")
    assert options[0] == "--kinds"
    assert set(options[1].split(",")) <= set(KINDS)


def test_there_are_as_many_bugs_as_are_promised() -> None:
    assert len(BUGS) >= 12


@pytest.mark.long
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_convicted(name: str) -> None:
    found = plant(name, PLANTED_MINUTES, seed=1)
    assert found.verdicts, found.row
    assert found.seconds <= CONVICTED_WITHIN_S
