"""Which tests run once more when they fail, and how each of them had failed, so that nothing which happens now and then is hidden."""

from collections.abc import Iterable
from typing import Any

import pytest
from _pytest.terminal import TerminalReporter

# They strike at random moments or draw examples: what they find once is a broken promise, and the second run is another one.
_FOUND_ONCE = (
    "benchmarks/",
    "models/services/chats/test_journal",
    "static/test_never_lost.py",
    "static/test_uploads_never_lost.py",
    "test_catching_up.py",
    "test_late_writes.py",
    "test_nodes_that_disagree.py",
    "test_outages.py",
    "test_personal_log.py",
)


def run_once(items: Iterable[pytest.Item], folder: str) -> None:
    """Let tests that try at random count the first time; `folder` is where the tests are, with a slash at its end."""
    for item in items:
        is_drawn = getattr(getattr(item, "function", None), "is_hypothesis_test", False)
        name = item.path.as_posix().removeprefix(folder)
        if is_drawn or item.get_closest_marker("long") or name.startswith(_FOUND_ONCE):
            item.add_marker(pytest.mark.flaky(reruns=0))


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Write the failures that led to a second run at the end, and the names of the tests last."""
    reports: list[Any] = terminalreporter.stats.get("rerun", [])
    if not reports:
        return
    terminalreporter.section("tests that were run once more, and how they had failed")
    for report in reports:
        terminalreporter.write_sep("_", report.nodeid)
        terminalreporter.write_line(report.longreprtext)
    for report in reports:
        terminalreporter.write_line(f"RUN ONCE MORE {report.nodeid}")
