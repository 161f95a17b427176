"""Start Parley from its checkout: `python3 run.py`. Installs what is missing first, so only the standard library is imported above."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
OLDEST_PYTHON = (3, 11)

if sys.version_info < OLDEST_PYTHON:  # above everything that an older one does not understand; it parses the rest
    sys.exit("parley: needs Python %d.%d or later, not %d.%d" % (OLDEST_PYTHON + sys.version_info[:2]))  # noqa: UP031


def main(argv: list[str]) -> int:
    from server.cli.main import make_parser, run
    from server.process.requirements import require_installed

    this = [str(ROOT / "run.py"), *argv]
    if argv[:1] == ["test"]:  # before argparse, which would take pytest's options for its own
        require_installed(ROOT, ["embedded", "test"], this)
        return test(argv[1:])
    parser = make_parser("run.py", epilog="`run.py test` runs the tests; what follows goes to pytest.")
    arguments = parser.parse_args(argv)
    require_installed(ROOT, ["embedded"], this)
    return run(arguments)


def test(arguments: list[str]) -> int:
    """Run the suite in place of this process, so that its exit status and its signals are pytest's own."""
    os.chdir(ROOT)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *arguments])  # noqa: S606


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:  # before the server listens to signals itself
        sys.exit(130)
