"""Logging: one line per event on standard error; JSON when that is no terminal, or as `log.format` says."""

import logging
import sys
from datetime import UTC, datetime

import orjson
from typing_extensions import override

from server.config import LogSettings

OURS = ("server", "handlers", "models")


class JsonLine(logging.Formatter):
    """`{"at", "level", "worker"?, "logger", "message", "error"?}`; `error` is the stack trace."""

    def __init__(self, worker: str) -> None:
        super().__init__()
        self._worker = {"worker": worker} if worker else {}

    @override
    def format(self, record: logging.LogRecord) -> str:
        event = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            **self._worker,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            event["error"] = self.formatException(record.exc_info)
        return orjson.dumps(event, default=str).decode()


class TextLine(logging.Formatter):
    """Time, level, place and message; a line break in a message is shown, not obeyed. Stack traces follow below."""

    def __init__(self, worker: str) -> None:
        who = f"worker {worker} " if worker else ""
        super().__init__(f"%(asctime)s %(levelname)-7s {who}%(name)s: %(message)s", "%H:%M:%S")

    @override
    def formatMessage(self, record: logging.LogRecord) -> str:
        return super().formatMessage(record).replace("\n", "\\n").replace("\r", "\\r")


def set_up_logs(settings: LogSettings, worker: str = "") -> None:
    """`worker`: the number of this one, whose lines stand among those of the others."""
    is_json = settings.format == "json" or (settings.format == "auto" and not sys.stderr.isatty())
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(JsonLine(worker) if is_json else TextLine(worker))
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    logging.basicConfig(handlers=[lines], level=max(level, logging.INFO), force=True)
    for name in OURS:  # the drivers' debug lines would drown ours and hold what people write
        logging.getLogger(name).setLevel(level)
