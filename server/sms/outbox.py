"""Writes codes and texts to a file: for tests, and for programs that send them on."""

import asyncio
import os
from pathlib import Path

import orjson

from models.ports import Clock


class OutboxCodes:
    """Appends `{"to", "body", "code", "channel", "at"}` as one JSON line to a file that only the server's user can read.

    `code` is null for a text.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock

    async def send(self, phone_text: str, body: str, *, code: str, channel: str, language: str = "en") -> None:  # noqa: ARG002 - the port's words
        await self._write(phone_text, body, code, channel)

    async def send_text(self, phone_text: str, body: str) -> None:
        await self._write(phone_text, body, None, "sms")

    async def _write(self, phone_text: str, body: str, code: str | None, channel: str) -> None:
        at = self._clock.now()
        line = orjson.dumps(
            {"to": phone_text, "body": body, "code": code, "channel": channel, "at": at},
            option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z,
        )
        await asyncio.to_thread(self._append, line)

    def _append(self, line: bytes) -> None:
        """Append a line by one write, so that lines of several processes do not mix."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.fchmod(file, 0o600)  # the file may be older than this rule
            os.write(file, line)
        finally:
            os.close(file)
