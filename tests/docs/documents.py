"""Reads the documents of the repository: their headings, tables and links."""

import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SETTINGS: dict[str, Any] = yaml.safe_load((ROOT / "config.yaml").read_text("utf-8"))
_FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)


@cache
def list_files() -> list[Path]:
    """Returns the files of the repository, those included that are not committed yet."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return [path for name in listed.stdout.splitlines() if (path := ROOT / name).is_file()]


def read_prose(document: Path) -> str:
    """Returns the text of a document without its code blocks."""
    return _FENCED.sub("", document.read_text("utf-8"))


@cache
def list_headings(document: Path) -> list[str]:
    return _HEADING.findall(read_prose(document))


def anchor_of(heading: str) -> str:
    """Returns the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def read_section(document: Path, heading: str) -> str:
    """Returns the text under a heading of the second level."""
    return document.read_text("utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]


def read_rows(document: Path, heading: str) -> list[list[str]]:
    """Returns the cells of the tables under a heading of the second level, without their heads."""
    lines = read_section(document, heading).splitlines()
    rules = {number for number, line in enumerate(lines) if line.startswith("| ---")}
    rows = [
        line
        for number, line in enumerate(lines)
        if line.startswith("| ") and number not in rules and number + 1 not in rules
    ]
    return [[cell.strip() for cell in re.split(r" \| ", row.strip("| "))] for row in rows]


def is_setting(name: str) -> bool:
    section, _, key = name.partition(".")
    return isinstance(SETTINGS.get(section), dict) and key in SETTINGS[section]
