"""The document of the socket protocol names the requests, events, refusals and settings that there are."""

import re
from pathlib import Path

import pytest
import yaml

from handlers.sockets.base import BaseNamespace
from handlers.sockets.chat import ChatNamespace
from handlers.sockets.events import EventsNamespace
from handlers.sockets.presence import PresenceNamespace
from handlers.sockets.receipts import ReceiptsNamespace
from handlers.sockets.typing import TypingNamespace
from models.errors import DomainError
from server.sockets.engine import _MESSAGES

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "docs" / "protocol.md").read_text()
SETTINGS = yaml.safe_load((ROOT / "config.yaml").read_text())
NAMESPACES = (ChatNamespace, TypingNamespace, PresenceNamespace, ReceiptsNamespace, EventsNamespace)


def rows(heading: str) -> list[list[str]]:
    """The cells of the tables under a heading, without their heads."""
    part = TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("| ") and not line.startswith("| ---")]
    cells = [[cell.strip() for cell in re.split(r" \| ", line.strip("| "))] for line in lines]
    return [row for row, line in zip(cells, lines, strict=True) if part.split(line)[1][:5] != "\n| --"]


def kinds_of(kind: type[DomainError]) -> set[type[DomainError]]:
    return {kind, *(each for one in kind.__subclasses__() for each in kinds_of(one))}


def test_every_request_is_described() -> None:
    described = {
        (row[0].strip("`"), name) for row in rows("Requests") for name in re.findall(r"`([a-z_]+)` \{", row[1])
    }
    there = {
        (namespace.name, name.removeprefix("on_"))
        for namespace in NAMESPACES
        for name in vars(namespace)
        if name.startswith("on_") and issubclass(namespace, BaseNamespace)
    }
    assert described == there


def test_every_event_that_is_described_is_there() -> None:
    source = (ROOT / "handlers" / "wire" / "events.py").read_text()
    described = {name for row in rows("Events") for name in re.findall(r"`([a-z_]+)`", row[1])}
    assert described
    assert {name for name in described if f'"{name}"' not in source} == set()


@pytest.mark.parametrize("row", rows("Refusals"), ids=lambda row: row[0])
def test_a_refusal_is_there_and_may_be_tried_again_as_it_says(row: list[str]) -> None:
    known = {kind.code: kind.retryable for kind in kinds_of(DomainError) if "code" in vars(kind)}
    assert known[row[0].strip("`")] is (row[1] == "yes")


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`((?:sockets|http|limits|typing)\.[a-z_]+)`", TEXT))))
def test_a_setting_is_there(name: str) -> None:
    section, _, key = name.partition(".")
    assert key in SETTINGS[section]


def test_the_codes_of_the_transport_are_those_of_the_server() -> None:
    told = {int(row[0]): row[2] for row in reversed(rows("Transports")) if row[0].isdigit()}
    assert [told[code] for code in range(6)] == list(_MESSAGES)


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:tests|handlers|server)/[^`]+)`", TEXT))))
def test_a_file_is_there(path: str) -> None:
    assert (ROOT / path).exists()
