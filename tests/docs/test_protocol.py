"""The document of the socket protocol names the requests, entries, events and refusals that there are."""

import ast
import inspect
import re

import pytest

from handlers.sockets.base import BaseNamespace
from handlers.sockets.chat import ChatNamespace
from handlers.sockets.events import EventsNamespace
from handlers.sockets.presence import PresenceNamespace
from handlers.sockets.receipts import ReceiptsNamespace
from handlers.sockets.typing import TypingNamespace
from handlers.wire.sockets import packets
from handlers.wire.sockets.entries import EntryShown
from models import errors
from models.documents.entry import MESSAGE_TYPES, Kind
from models.errors import DomainError
from server.sockets.engine import _MESSAGES
from tests.docs.documents import DOCS, ROOT, read_rows, read_section

PROTOCOL = DOCS / "protocol.md"
NAMESPACES = (ChatNamespace, TypingNamespace, PresenceNamespace, ReceiptsNamespace, EventsNamespace)


def rows(heading: str) -> list[list[str]]:
    return read_rows(PROTOCOL, heading)


def kinds_of(kind: type[DomainError]) -> set[type[DomainError]]:
    return {kind, *(each for one in kind.__subclasses__() for each in kinds_of(one))}


def list_sent() -> set[str]:
    """Returns the names of events: texts in tuples that functions return, and the table of changes."""
    returned = [node.value for node in ast.walk(ast.parse(inspect.getsource(packets))) if isinstance(node, ast.Return)]
    parts = [each for value in returned if isinstance(value, ast.Tuple) for each in value.elts]
    names = {each.value for each in parts if isinstance(each, ast.Constant) and isinstance(each.value, str)}
    return names | set(packets._CHANGES.values())


def test_every_request_is_described() -> None:
    described = {
        (row[0].strip("`"), name) for row in rows("Requests") for name in re.findall(r"`([a-z_]+)` \{", row[1])
    }
    there = {
        (namespace.name, name.removeprefix("on_"))
        for namespace in NAMESPACES
        for name in dir(namespace)
        if name.startswith("on_") and issubclass(namespace, BaseNamespace)
    }
    assert described == there


def test_what_each_request_does_is_said() -> None:
    requests = {name for row in rows("Requests") for name in re.findall(r"`([a-z_]+)` \{", row[1])}
    lines = [line for line in read_section(PROTOCOL, "Requests").splitlines() if line.startswith("- ")]
    assert {name for line in lines for name in re.findall(r"\*\*`([a-z_]+)`\*\*", line)} == requests


def test_the_events_that_are_described_are_those_that_are_sent() -> None:
    described = {name for row in rows("Events") for name in re.findall(r"`([a-z_]+)`", row[1])}
    assert described == list_sent()


def test_every_kind_of_entry_is_described() -> None:
    described = {row[0].strip("`") for row in rows("Messages and entries")}
    assert described == {kind.value for kind in Kind if kind is not Kind.MESSAGE} | MESSAGE_TYPES


def test_every_field_of_an_entry_is_described() -> None:
    text = read_section(PROTOCOL, "Messages and entries")
    assert {name for name in EntryShown.__annotations__ if not re.search(rf"[`\"]{name}[`\"]", text)} == set()


@pytest.mark.parametrize("row", rows("Refusals"), ids=lambda row: row[0])
def test_a_refusal_is_there_and_may_be_tried_again_as_it_says(row: list[str]) -> None:
    known = {kind.code: kind.retryable for kind in kinds_of(DomainError) if "code" in vars(kind)}
    assert known[row[0].strip("`")] is (row[1] == "yes")


@pytest.mark.parametrize(
    "folder", ["handlers/sockets", "handlers/wire/sockets", "models/services/chats", "models/services/presence"]
)
def test_every_refusal_that_a_request_may_get_is_described(folder: str) -> None:
    described = {row[0].strip("`") for row in rows("Refusals")}
    source = "\n".join(path.read_text() for path in (ROOT / folder).glob("*.py"))
    raised = {getattr(errors, name, None) for name in re.findall(r"raise ([A-Z]\w+)", source)}
    codes = {kind.code for kind in raised if isinstance(kind, type) and issubclass(kind, DomainError)}
    assert codes
    assert codes - described == set()


def test_the_codes_of_the_transport_are_those_of_the_server() -> None:
    told = {int(row[0]): row[2] for row in reversed(rows("Transports")) if row[0].isdigit()}
    assert [told[code] for code in range(6)] == list(_MESSAGES)
