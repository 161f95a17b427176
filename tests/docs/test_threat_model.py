"""The threat model names settings and tests that there are."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "docs" / "threat-model.md").read_text()
SETTINGS = yaml.safe_load((ROOT / "config.yaml").read_text())


def is_setting(name: str) -> bool:
    section, _, key = name.partition(".")
    return isinstance(SETTINGS.get(section), dict) and key in SETTINGS[section]


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`(tests/[^`]+)`", TEXT))))
def test_a_test_that_holds_a_row_is_there(path: str) -> None:
    assert (ROOT / path).is_file()


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`([a-z]+\.[a-z_]+)`", TEXT))))
def test_a_setting_that_bounds_a_row_is_there(name: str) -> None:
    assert is_setting(name)


def test_every_row_is_held_by_a_test() -> None:
    tables = TEXT.split("## Strangers")[1]
    rows = [line for line in tables.splitlines() if line.startswith("| ") and not line.startswith(("| ---", "| what "))]
    assert len(rows) > 30
    assert [row for row in rows if "`tests/" not in row] == []
