"""Codes and texts in a file: one JSON line each, for the server's user alone."""

import asyncio
import json
from pathlib import Path

import pytest

from server.sms.outbox import OutboxCodes
from tests.support.fakes import HandClock


async def test_each_code_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "var" / "outbox.jsonl"
    outbox = OutboxCodes(path, HandClock())
    sends = (outbox.send(f"+49{n}", "Hello\n☎", code=f"{n:04}", channel="voice") for n in range(20))
    await asyncio.gather(*sends)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert sorted(line["code"] for line in lines) == [f"{n:04}" for n in range(20)]
    assert lines[0] == {
        "to": f"+49{int(lines[0]['code'])}",
        "body": "Hello\n☎",
        "code": lines[0]["code"],
        "channel": "voice",
        "at": "2030-01-01T12:00:00Z",
    }


async def test_a_text_is_a_line_without_a_code(tmp_path: Path) -> None:
    path = tmp_path / "outbox.jsonl"
    await OutboxCodes(path, HandClock()).send_text("+4930", "Ann invites you.")
    line = {"to": "+4930", "body": "Ann invites you.", "code": None, "channel": "sms", "at": "2030-01-01T12:00:00Z"}
    assert json.loads(path.read_text()) == line


@pytest.mark.parametrize("is_there", [False, True])
async def test_nobody_else_reads_the_file(tmp_path: Path, is_there: bool) -> None:
    path = tmp_path / "outbox.jsonl"
    if is_there:
        path.touch(0o644)
    await OutboxCodes(path, HandClock()).send("+49", "…", code="0042", channel="sms")
    assert path.stat().st_mode & 0o777 == 0o600
