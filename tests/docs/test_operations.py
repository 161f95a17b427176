"""The document for operators names commands and benchmarks that there are."""

import re
import subprocess
import sys

import pytest

from tests.docs.documents import DOCS, ROOT, read_rows

OPERATIONS = DOCS / "operations.md"
TEXT = OPERATIONS.read_text("utf-8")


def test_every_command_is_described() -> None:
    shown = subprocess.run(
        [sys.executable, "run.py", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    offered = set(re.findall(r"^    ([a-z]+(?:-[a-z]+)*)(?: |$)", shown.split("COMMAND\n")[-1], re.MULTILINE))
    options = set(re.findall(r"(--[a-z-]+)", shown)) - {"--help"}
    described = "".join(row[0] for row in read_rows(OPERATIONS, "Commands")) + TEXT
    assert len(offered) >= 6
    assert {each for each in offered | options if not re.search(rf"(?<![a-z-]){each}(?![a-z-])", described)} == set()


@pytest.mark.parametrize("module", sorted(set(re.findall(r"python -m (benchmarks(?:\.\w+)?)", TEXT))))
def test_a_benchmark_is_there(module: str) -> None:
    path = ROOT.joinpath(*module.split("."))
    assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file()


@pytest.mark.parametrize("name", sorted(set(re.findall(r"PARLEY_[A-Z_]+", TEXT))))
def test_a_variable_of_the_environment_is_a_setting(name: str) -> None:
    section, _, key = name.removeprefix("PARLEY_").lower().partition("__")
    settings = (ROOT / "config.yaml").read_text("utf-8")
    assert re.search(rf"^{section}:", settings, re.MULTILINE)
    assert not key or re.search(rf"^  {key}:", settings, re.MULTILINE)
