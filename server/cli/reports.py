"""Commands for reports at a shell: list the newest, remove one."""

from collections.abc import Iterator
from functools import partial

from models.documents.plain_line import one_line
from models.documents.report import Report
from models.errors import NotFound
from models.stores.reports import Reports
from server.cli.database import OpenStores, run_on_stores
from server.config import Settings


def run_command(settings: Settings, command: str, what: str, *, may_make_new: bool = False) -> str:
    """List as many reports as `what` says, or remove the one with this id. Returns the lines that say so.

    StartupError says in one line why it was not done.
    """
    return run_on_stores(settings, partial(_run, command, what), may_make_new=may_make_new)


async def _run(command: str, what: str, stores: OpenStores) -> str:
    reports = Reports(stores.database)
    await reports.prepare()
    match command:
        case "list-reports":
            return "\n".join(line for report in await reports.list_newest(int(what)) for line in _lines(report))
        case "remove-report":
            if not await reports.remove(what):
                raise NotFound("There is no such report.")
            return f"report {what} is removed"
        case _:
            raise ValueError(command)


def _lines(report: Report) -> Iterator[str]:
    """Yields a report as lines. Other people's words are without what a terminal would obey."""
    about = f"+{report.contact}" if report.contact else f"group {report.group} ({one_line(report.subject or '')})"
    by = f"+{report.reporter}" if report.reporter else "somebody who has left"
    said = f": {one_line(report.reason)}" if report.reason else ""
    yield f"{report.id}  {report.at:%Y-%m-%d %H:%M}Z  {by} reports {about}{said}"
    for message in report.messages:
        place = f"chat {message.chat_id}, {message.seq}"
        words = " ".join(filter(None, [one_line(message.words), message.url]))
        yield f"    {message.at:%Y-%m-%d %H:%M}Z  +{message.sender} ({place}, {message.type})  {words}"
