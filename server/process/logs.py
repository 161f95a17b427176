"""Configures logging: one line per record on standard error, as JSON if that is no terminal or `log.format` says so."""

import logging
import sys
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Lock, Timer
from time import time

import orjson
from aiohttp import BadContentDispositionHeader, BadContentDispositionParam
from typing_extensions import override

from server.config import LogSettings
from server.http.request_ids import current

OURS = ("server", "handlers", "models")
PRINTER = "server.sms.log"
COUNTED = "is_summary"  # attribute of a record that summarises many


class JsonLine(logging.Formatter):
    """Formats a record as `{"at", "level", "worker"?, "logger", "message", "request"?, "error"?}`.

    `request` is the id of the request, `error` the stack trace.
    """

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
            **({"request": request_id} if (request_id := current.get()) else {}),
        }
        if record.exc_info:
            event["error"] = self.formatException(record.exc_info)
        return orjson.dumps(event, default=str).decode()


class TextLine(logging.Formatter):
    """Formats a record as time, level, place, message and request id.

    Line breaks in messages are escaped; stack traces follow.
    """

    def __init__(self, worker: str) -> None:
        who = f"worker {worker} " if worker else ""
        super().__init__(f"%(asctime)s %(levelname)-7s {who}%(name)s: %(message)s", "%H:%M:%S")

    @override
    def formatMessage(self, record: logging.LogRecord) -> str:
        line = super().formatMessage(record).replace("\n", "\\n").replace("\r", "\\r")
        return f"{line} (request {request_id})" if (request_id := current.get()) else line


class Summary(logging.Filter):
    """Lets the first few lines of a kind through in each period, counts the others, and logs their number at its end.

    Otherwise a database outage would log one line for each refused request. Errors, and codes printed by the provider
    `log`, are never left out.
    """

    def __init__(self, show: Callable[[logging.LogRecord], object], *, most: int = 5, period_s: float = 10.0) -> None:
        """`show` writes a record."""
        super().__init__()
        self._show = show
        self._most, self._period_s = most, period_s
        self._counts: dict[tuple[str, str], int] = {}
        self._lock = Lock()

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno >= logging.ERROR or record.name == PRINTER or hasattr(record, COUNTED):
            return True
        key = record.name, record.getMessage() if record.msg == "%s" else str(record.msg)
        with self._lock:
            count = self._counts[key] = self._counts.get(key, 0) + 1
            if count == 1:
                timer = Timer(self._period_s, self._end, (key, record))
                timer.daemon = True
                timer.start()
        return count <= self._most

    def _end(self, key: tuple[str, str], first: logging.LogRecord) -> None:
        with self._lock:
            more = self._counts.pop(key) - self._most
        if more > 0:
            text = f"{more} more lines like this within {self._period_s:g} s: {first.getMessage()}"
            line = logging.makeLogRecord({**first.__dict__, "msg": text, "args": None, COUNTED: True})
            line.created = time()
            self._show(line)


def set_up_logs(settings: LogSettings, worker: str = "") -> None:
    """Configure the log of this process. `worker` is its number among several workers, and stands in each line."""
    is_json = settings.format == "json" or (settings.format == "auto" and not sys.stderr.isatty())
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(JsonLine(worker) if is_json else TextLine(worker))
    lines.addFilter(Summary(lines.handle))
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    logging.basicConfig(handlers=[lines], level=max(level, logging.INFO), force=True)
    # Python keeps each distinct warning for ever, and these quote what clients send.
    for kind in (BadContentDispositionHeader, BadContentDispositionParam):
        warnings.filterwarnings("ignore", category=kind)
    for name in OURS:  # drivers' debug lines are many, and quote messages of users
        logging.getLogger(name).setLevel(level)
