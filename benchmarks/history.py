"""Writes what happens in a fault run, act by act, to a file of JSON lines that `benchmarks.check_history` judges."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, Self

import orjson

BLOCK_BYTES = 1 << 16
# What a row of a log says besides who wrote it: what it changes, and who comes or goes by it.
KEPT = ("of", "accounts", "left")
# The field that holds the words of an entry, by its kind.
WORDS = {"message": "text", "edit": "text", "reaction": "emoji", "subject": "subject"}


class History:
    """An open file of JSON lines. What is written is appended, so that a run goes on where another one ended.

    A run that was killed leaves half a line, which is cut off first: what follows it would be glued to it.
    """

    def __init__(self, path: Path) -> None:
        if path.is_file():
            cut_half_line(path)
        self._file = path.open("ab", buffering=1 << 20)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def note(self, what: str, **fields: object) -> None:
        """Write one line: what happened, with the monotonic time of this machine in seconds."""
        self._file.write(orjson.dumps({"t": round(monotonic(), 4), "what": what, **fields}) + b"\n")

    def flush(self) -> None:
        self._file.flush()


def cut_half_line(path: Path) -> None:
    """Cut a file back to the end of its last whole line."""
    with path.open("r+b") as file:
        end = file.seek(0, 2)
        while end:
            start = max(0, end - BLOCK_BYTES)
            file.seek(start)
            newline = file.read(end - start).rfind(b"\n")
            if newline >= 0:
                end = start + newline + 1
                break
            end = start
        file.truncate(end)


def digest(text: str | None) -> str | None:
    """Returns what stands for a text in the file: short, and the same for the same text."""
    return None if text is None else hashlib.blake2s(text.encode(), digest_size=6).hexdigest()


def shown(entry: Mapping[str, Any]) -> dict[str, object]:
    """Returns what the file keeps of an entry as a client is shown it."""
    kind = entry.get("kind", "message")
    words = entry.get(WORDS.get(kind, ""))
    kept = {name: entry[name] for name in KEPT if name in entry}
    return {
        "chat": entry["chat"],
        "seq": entry["seq"],
        "kind": kind,
        "sender": entry.get("sender", entry.get("account")),
        "client_id": entry["client_id"],
        "text": digest(words) if words else None,
        **kept,
    }
