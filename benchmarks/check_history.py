"""Judges the history of a fault run: which promises were broken, with the first pieces of evidence, and how long recovery took.

    python -m benchmarks.check_history FILE

It knows nothing of the server and imports nothing of it; it reads the lines that `benchmarks.history` wrote, in their order. Each
piece of a history (a `piece` line begins one) is a world of its own. Exit status 1 if anything is convicted:

    lost                   what was acknowledged is not in the log under its number
    doubled                one client id of one sender is in the log more than once
    holes                  a number below the last one of a log is missing
    reordered              of two messages that one client sent to one chat, the later one has the lower number
    answered differently   a client id was acknowledged with another number or sender, or refused after it was acknowledged
    seen by an outsider    somebody was shown an entry of a time at which it was not in the chat
    seen differently       somebody was shown what the log does not say, at that number or at all
    outdated               what was asked for after an edit or a deletion was acknowledged shows the words from before it
    unknowingly behind     a client that had every reason to believe that it held everything lacked something
    shut out               a client that stays was not let in again for a long time after the faults were over
    shown online           somebody who had gone long ago was still shown as online to somebody who watched
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.history_facts import Record
from benchmarks.history_findings import Findings, describe
from benchmarks.history_piece import Piece


class Reader:
    """Judges a file as far as it is written, and goes on from there when it has grown."""

    def __init__(self, path: Path) -> None:
        self.found = Findings()
        self._path = path
        self._piece = Piece(self.found)
        self._line = self._offset = 0

    def go_on(self) -> Findings:
        """Take the lines that are new. Returns all findings so far."""
        with self._path.open("rb") as file:
            file.seek(self._offset)
            for text in file:
                if not text.endswith(b"\n"):  # half a line: it is still written, or its run was killed
                    break
                self._offset += len(text)
                self.take(json.loads(text))
        return self.found

    def take(self, record: Record) -> None:
        """Take the next line."""
        self._line += 1
        if record["what"] == "piece":
            self.found.pieces += 1
            self._piece = Piece(self.found)
        else:
            self._piece.feed(self._line, record)


def judge(path: Path) -> Findings:
    """Returns what there is to say of a whole history."""
    return Reader(path).go_on()


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser("benchmarks.check_history", description="Judge the history of a fault run.")
    parser.add_argument("file", type=Path)
    found = judge(parser.parse_args(argv).file)
    print(describe(found))
    return 0 if found.is_clean else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
