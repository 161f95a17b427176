"""The wheel: what is in it, and that it runs by itself, far from the checkout."""

import subprocess
import sys
import sysconfig
import urllib.request
import venv
import zipfile
from pathlib import Path

import pytest

from server.embedded import EmbeddedStores
from tests.server.processes import PATIENCE_S, ROOT, environment, places, read_first_lines


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
    argv = [sys.executable, "-c", build, str(folder)]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    return folder / done.stdout.strip()


@pytest.fixture(scope="module")
def parley(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command of a new environment that holds the wheel, and borrows what it requires from this one."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    paths = sysconfig.get_paths(vars={"base": str(folder), "platbase": str(folder)})
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(folder),
        "install",
        "--no-deps",
        "--no-index",
        "--no-compile",
        "-q",
        str(wheel),
    ]
    done = subprocess.run(pip, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    (Path(paths["purelib"]) / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return Path(paths["scripts"]) / "parley"


def test_the_wheel_holds_the_three_packages_and_what_they_show_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as file:
        found = {name for name in file.namelist() if ".dist-info/" not in name}
    code = {
        path.relative_to(ROOT).as_posix()
        for name in ("server", "handlers", "models")
        for path in (ROOT / name).rglob("*.py")
    }
    shown = {"server/" + path.relative_to(ROOT).as_posix() for path in (ROOT / "static").rglob("*") if path.is_file()}
    tables = {path.relative_to(ROOT).as_posix() for path in (ROOT / "models" / "languages").glob("*.json")}
    assert len(tables) == 4
    assert found == code | shown | tables | {"server/config.yaml"}


def test_its_command_says_what_it_takes(parley: Path, tmp_path: Path) -> None:
    run = subprocess.run(
        [parley, "--help"], cwd=tmp_path, env=environment({}), capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith("usage: parley ")
    assert "run.py" not in run.stdout


def test_it_serves_its_page_by_two_workers_from_an_empty_folder_and_keeps_its_data_there(
    parley: Path, stores: EmbeddedStores, tmp_path: Path
) -> None:
    with (
        (tmp_path / "errors").open("w") as errors,
        subprocess.Popen(
            [parley, "--port", "0", "--workers", "2"],
            cwd=tmp_path,
            env=environment(places(stores)),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        try:
            lines = read_first_lines(process)
            assert lines["data"] == str(tmp_path / "var")
            for path, part in (("", "<title>"), ("static/js/app.js", "import "), ("readyz", '"ready"')):
                with urllib.request.urlopen(lines["open"] + path, timeout=PATIENCE_S) as answer:
                    assert part in answer.read().decode(), path
        finally:
            process.terminate()
    assert process.returncode == 0, (tmp_path / "errors").read_text()
    assert (tmp_path / "var" / "lock").exists()
