"""The README is short, and its two commands are those by which a stranger starts and tests the server."""

import re

from tests.docs.documents import ROOT

README = (ROOT / "README.md").read_text("utf-8")
LINES_MAX = 130


def test_it_is_read_in_a_few_minutes() -> None:
    assert len(README.splitlines()) <= LINES_MAX


def test_its_commands_start_and_test_the_server() -> None:
    assert re.findall(r"```sh\n(.*?)```", README, re.DOTALL) == ["python3 run.py\n", "python3 run.py test\n"]


def test_its_promises_are_those_of_the_architecture() -> None:
    numbers = re.findall(r"^\| (\d) \|", README, re.MULTILINE)
    promised = re.findall(
        r"^(\d)\. ",
        (ROOT / "docs" / "architecture.md").read_text("utf-8").split("## Promises")[1].split("\n## ")[0],
        re.MULTILINE,
    )
    assert numbers == promised == list("12345678")


def test_every_document_can_be_found_from_here() -> None:
    assert [each.name for each in (ROOT / "docs").glob("*.md") if f"](docs/{each.name})" not in README] == []
