"""The command `parley`, which `run.py` in a checkout is too. Imports only the standard library until the options are read."""

import argparse
import gc
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

WORKERS_MAX = 256
REPORTS_MAX = 100_000
LOGIN_COMMANDS = {
    "add-login": "add a login: a user name and a password for /o/token/",
    "set-password": "give a login another password and sign it out everywhere",
    "remove-login": "remove a login and sign it out everywhere; its accounts stay",
}
REPLY_COMMANDS = {
    "add-sample-reply": "add a text that clients offer as an answer to invitations",
    "remove-sample-reply": "remove one of these texts",
    "list-sample-replies": "list these texts",
}

REPORT_COMMANDS = {
    "list-reports": "list what people have reported, the newest last",
    "remove-report": "remove a report that is dealt with",
}


def main() -> int:
    """Run `parley` with the arguments of this process. Returns the exit status."""
    try:
        return run(make_parser("parley").parse_args())
    except KeyboardInterrupt:  # before the server listens to signals itself
        return 130


def run(arguments: argparse.Namespace) -> int:
    """Do what the command line asks. Returns 0, or 1 after one line on standard error that says why it cannot."""
    from server.config import read_settings
    from server.startup_error import StartupError

    try:
        settings = read_settings(arguments.config, _overrides(arguments))
        if arguments.command in LOGIN_COMMANDS:
            from server.cli.logins import run_command as change_logins

            password = "" if arguments.command == "remove-login" else arguments.password or _ask_password()
            line = change_logins(settings, arguments.command, arguments.name, password, may_make_new=arguments.new)
            print(line)  # noqa: T201 - the answer
        elif arguments.command in REPLY_COMMANDS:
            from server.cli.sample_replies import run_command as change_replies

            text, kind = getattr(arguments, "text", ""), getattr(arguments, "type", "")
            print(change_replies(settings, arguments.command, text, kind, may_make_new=arguments.new))  # noqa: T201 - the answer
        elif arguments.command in REPORT_COMMANDS:
            from server.cli.reports import run_command as read_reports

            what = arguments.id if arguments.command == "remove-report" else str(arguments.last)
            print(read_reports(settings, arguments.command, what, may_make_new=arguments.new))  # noqa: T201 - the answer
        else:
            _serve(settings, arguments)
    except StartupError as reason:
        print(f"parley: {reason}", file=sys.stderr)  # noqa: T201 - the one line
        return 1
    return 0


def _serve(settings: Any, arguments: argparse.Namespace) -> None:
    """Run the server until it is told to stop."""
    gc.disable()  # what is imported stays; to look for garbage in it takes a seventh of the start
    from server.process.lifecycle import serve, serve_as_worker, serve_with_workers

    gc.enable()
    if arguments.worker is not None:
        serve_as_worker(settings, arguments.worker)
    elif arguments.workers > 1:
        serve_with_workers(settings, _worker_command(arguments), arguments.workers)
    else:
        serve(settings)


def _worker_command(arguments: argparse.Namespace) -> Sequence[str]:
    """Returns the command that this process was started by, without what differs in a worker."""
    config = [] if arguments.config is None else ["--config", str(arguments.config)]
    host = [] if arguments.host is None else ["--host", arguments.host]
    return [sys.executable, str(Path(sys.argv[0]).resolve()), *config, *host]


def _ask_password() -> str:
    """Returns a password: from the terminal, typed twice and not shown, else the first line of standard input."""
    import getpass

    from server.startup_error import StartupError

    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != password:
        raise StartupError("the two passwords differ")
    return password


def make_parser(program: str, epilog: str = "") -> argparse.ArgumentParser:
    """Returns the parser of the command line; its help calls the command `program` and ends with `epilog`."""
    parser = argparse.ArgumentParser(
        program, description="Run the Parley messaging server.", epilog=epilog, allow_abbrev=False
    )
    parser.add_argument("--config", metavar="PATH", type=Path, help="settings file instead of the default config.yaml")
    parser.add_argument("--host", help="address to listen on (http.host)")
    parser.add_argument("--port", help="port to listen on, 0 for a free one (http.port)")
    parser.add_argument("--data-dir", metavar="PATH", help="folder of everything that is kept (data_dir)")
    parser.add_argument("--workers", metavar="N", type=_count, default=1, help="processes on one port, one per core")
    parser.add_argument("--worker", type=Path, help=argparse.SUPPRESS)  # what --workers starts
    commands = parser.add_subparsers(title="instead of serving", metavar="COMMAND", dest="command")
    for name, text in (LOGIN_COMMANDS | REPLY_COMMANDS | REPORT_COMMANDS).items():
        command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".", allow_abbrev=False)
        if name in LOGIN_COMMANDS:
            command.add_argument("name", metavar="NAME", help="user name")
        elif name in ("add-sample-reply", "remove-sample-reply"):
            command.add_argument("text", metavar="TEXT", help="at most 60 characters")
        elif name == "remove-report":
            command.add_argument("id", metavar="ID", help="as the list has it")
        elif name == "list-reports":
            command.add_argument("--last", metavar="N", type=_many, default=100, help="at most so many (100)")
        if name in ("add-login", "set-password"):
            command.add_argument("--password", help="asked for when it is not given")
        if name == "add-sample-reply":
            command.add_argument("--type", choices=("accept", "reject"), required=True, help="the answer it goes with")
        command.add_argument("--new", action="store_true", help="make an embedded database where there is none yet")
        for option in ("--config", "--data-dir"):  # as above, so that they may also stand behind the command
            command.add_argument(
                option, metavar="PATH", type=Path if option == "--config" else str, default=argparse.SUPPRESS
            )
    return parser


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= WORKERS_MAX):
        raise argparse.ArgumentTypeError(f"must be a number from 1 to {WORKERS_MAX}")
    return int(text)


def _many(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= REPORTS_MAX):
        raise argparse.ArgumentTypeError(f"must be a number from 1 to {REPORTS_MAX}")
    return int(text)


def _overrides(arguments: argparse.Namespace) -> dict[str, Any]:
    http = {key: getattr(arguments, key) for key in ("host", "port") if getattr(arguments, key) is not None}
    data_dir = {} if arguments.data_dir is None else {"data_dir": arguments.data_dir}
    return {**data_dir, **({"http": http} if http else {})}
