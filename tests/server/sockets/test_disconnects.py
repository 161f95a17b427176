"""docs/protocol.md tells clients of each disconnect what the server means by it."""

import re
from pathlib import Path

from server.sockets import disconnects
from server.sockets.disconnects import ComeBack, Disconnect

TABLE = [value for value in vars(disconnects).values() if isinstance(value, Disconnect)]
PROTOCOL = Path(__file__).parents[3] / "docs" / "protocol.md"


def documented() -> dict[int, tuple[set[str], str]]:
    """Returns the reasons and the advice of each close code, as clients read them."""
    lines = PROTOCOL.read_text().partition("| close code |")[2].partition("\n\n")[0].splitlines()[2:]
    rows = {}
    for line in lines:
        codes, reasons, advice = [cell.strip() for cell in line.strip("|").split("|")]
        for code in codes.split(","):
            rows[int(code)] = set(re.findall(r"`([^`]+)`", reasons)), advice
    return rows


def test_the_documented_codes_are_those_in_use() -> None:
    assert set(documented()) == {each.code for each in TABLE}


def test_a_client_reads_for_each_code_whether_to_come_back() -> None:
    rows = documented()
    assert [each for each in TABLE if each.come_back.value not in rows[each.code][1]] == []


def test_the_documented_reasons_are_those_in_use() -> None:
    said = {each.reason.decode() for each in TABLE}
    assert set().union(*(reasons for reasons, _ in documented().values())) <= said


def test_a_reason_to_do_something_about_is_documented() -> None:
    rows = documented()
    described = {1012}  # in words: clients do the same for both of its reasons
    missing = [
        each
        for each in TABLE
        if each.come_back not in (ComeBack.NEVER, ComeBack.AS_YOU_LIKE) and each.code not in described
        if each.reason.decode() not in rows[each.code][0]
    ]
    assert missing == []
