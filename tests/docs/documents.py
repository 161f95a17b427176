"""Reads the documents of the repository: their headings, tables and links."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
FOLDERS = (".ci", "benchmarks", "deploy", "docs", "handlers", "models", "server", "static", "tests")
MADE = {"__pycache__", "node_modules", "var"}
SETTINGS: dict[str, Any] = yaml.safe_load((ROOT / "config.yaml").read_text("utf-8"))
_FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)


@cache
def list_files() -> list[Path]:
    """Returns the files that the repository holds, without what was made or installed in its folders."""
    inside = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    at_top = [path for path in ROOT.iterdir() if path.suffix]
    return [path for path in (*at_top, *inside) if path.is_file() and not MADE.intersection(path.parts)]


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
