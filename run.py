"""Start Parley: `python3 run.py`. Installs what is missing first, so only the standard library is imported above."""

import argparse
import gc
import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent
OLDEST_PYTHON = (3, 11)
WORKERS_MAX = 256
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

if sys.version_info < OLDEST_PYTHON:  # above everything that an older one does not understand; it parses the rest
    sys.exit("parley: needs Python %d.%d or later, not %d.%d" % (OLDEST_PYTHON + sys.version_info[:2]))  # noqa: UP031


def main(argv: list[str]) -> int:
    from server.process.requirements import require_installed

    this = [str(ROOT / "run.py"), *argv]
    if argv[:1] == ["test"]:  # before argparse, which would take pytest's options for its own
        require_installed(["embedded", "test"], this)
        return test(argv[1:])
    arguments = _parser().parse_args(argv)
    require_installed(["embedded"], this)
    if arguments.command in REPLY_COMMANDS:
        return change_sample_replies(arguments)
    return serve(arguments) if arguments.command is None else change_login(arguments)


def change_login(arguments: argparse.Namespace) -> int:
    """Add, change or remove a login; 0, or 1 after one line that says why not."""
    from server.cli.logins import run_command
    from server.config import read_settings
    from server.startup_error import StartupError

    try:
        settings = read_settings(arguments.config, _overrides(arguments))
        password = "" if arguments.command == "remove-login" else arguments.password or _ask_password()
        print(run_command(settings, arguments.command, arguments.name, password, may_make_new=arguments.new))  # noqa: T201 - the answer
    except StartupError as reason:
        print(f"parley: {reason}", file=sys.stderr)  # noqa: T201 - the one line
        return 1
    return 0


def change_sample_replies(arguments: argparse.Namespace) -> int:
    """Add, remove or list sample replies; 0, or 1 after one line that says why not."""
    from server.cli.sample_replies import run_command
    from server.config import read_settings
    from server.startup_error import StartupError

    try:
        settings = read_settings(arguments.config, _overrides(arguments))
        text, kind = getattr(arguments, "text", ""), getattr(arguments, "type", "")
        print(run_command(settings, arguments.command, text, kind, may_make_new=arguments.new))  # noqa: T201 - the answer
    except StartupError as reason:
        print(f"parley: {reason}", file=sys.stderr)  # noqa: T201 - the one line
        return 1
    return 0


def _ask_password() -> str:
    """From the terminal, twice and unseen; else the first line of standard input."""
    import getpass

    from server.startup_error import StartupError

    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != password:
        raise StartupError("the two passwords differ")
    return password


def serve(arguments: argparse.Namespace) -> int:
    """Run the server until it is told to stop; 0, or 1 after one line that says why it does not start."""
    from server.config import read_settings
    from server.startup_error import StartupError

    try:
        settings = read_settings(arguments.config, _overrides(arguments))
        gc.disable()  # what is imported stays; to look for garbage in it takes a seventh of the start
        from server.process.lifecycle import serve as run_server
        from server.process.lifecycle import serve_as_worker, serve_with_workers

        gc.enable()
        if arguments.worker is not None:
            serve_as_worker(settings, arguments.worker)
        elif arguments.workers > 1:
            serve_with_workers(settings, _worker_command(arguments), arguments.workers)
        else:
            run_server(settings)
    except StartupError as reason:
        print(f"parley: {reason}", file=sys.stderr)  # noqa: T201 - the one line
        return 1
    return 0


def _worker_command(arguments: argparse.Namespace) -> list[str]:
    config = [] if arguments.config is None else ["--config", str(arguments.config)]
    host = [] if arguments.host is None else ["--host", arguments.host]
    return [sys.executable, str(ROOT / "run.py"), *config, *host]


def test(arguments: list[str]) -> int:
    """Run the suite in place of this process, so that its exit status and its signals are pytest's own."""
    os.chdir(ROOT)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *arguments])  # noqa: S606


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("run.py", description="Run the Parley messaging server.", allow_abbrev=False)
    parser.add_argument("--config", metavar="PATH", type=Path, help="settings file instead of config.yaml")
    parser.add_argument("--host", help="address to listen on (http.host)")
    parser.add_argument("--port", help="port to listen on, 0 for a free one (http.port)")
    parser.add_argument("--data-dir", metavar="PATH", help="folder of everything that is kept (data_dir)")
    parser.add_argument("--workers", metavar="N", type=_count, default=1, help="processes on one port, one per core")
    parser.add_argument("--worker", type=Path, help=argparse.SUPPRESS)  # what --workers starts
    commands = parser.add_subparsers(title="instead of serving", metavar="COMMAND", dest="command")
    commands.add_parser("test", help="run the tests; what follows goes to pytest", add_help=False)
    for name, text in (LOGIN_COMMANDS | REPLY_COMMANDS).items():
        command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".", allow_abbrev=False)
        if name in LOGIN_COMMANDS:
            command.add_argument("name", metavar="NAME", help="user name")
        elif name != "list-sample-replies":
            command.add_argument("text", metavar="TEXT", help="at most 60 characters")
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


def _overrides(arguments: argparse.Namespace) -> dict[str, Any]:
    http = {key: getattr(arguments, key) for key in ("host", "port") if getattr(arguments, key) is not None}
    data_dir = {} if arguments.data_dir is None else {"data_dir": arguments.data_dir}
    return {**data_dir, **({"http": http} if http else {})}


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:  # before the server listens to signals itself
        sys.exit(130)
