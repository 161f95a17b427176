"""Shows how each test failed that passed when it was run once more, so that nothing which happens now and then is hidden."""

from typing import Any

from _pytest.terminal import TerminalReporter


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
