"""Plants known bugs, one at a time, and shows that the fault run convicts each: a run that finds nothing has looked.

    python -m benchmarks.planted

Each bug is a patch of `benchmarks/planted`, whose first lines say what it breaks and which verdicts must follow. It is applied to a copy of this tree, on which
`benchmarks.faults` plays rounds of faults until the checker of histories convicts. Exit status 1 if a bug gets away, or if a run breaks off.
"""

import argparse
import contextlib
import itertools
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from benchmarks.check_history import judge
from benchmarks.history_findings import Findings

ROOT = Path(__file__).resolve().parent.parent
PATCHES = Path(__file__).with_name("planted")
PLANTED_MINUTES = 12.0
COPIED = (
    "benchmarks",
    "handlers",
    "models",
    "server",
    "static",
    "config.yaml",
    "run.py",
    "pyproject.toml",
    "setup.cfg",
    "deploy",
)
PLAYED = (0, 1, None)  # exit statuses of a run that was played: nothing found, something found, ended by us
ENDS_AFTER_SIGNAL_S = 30.0
ENDS_WITHIN_S = 400.0  # over the minutes: a start, and the last rest


@dataclass(frozen=True, slots=True)
class Patch:
    """One bug: what it does, the options of the fault run that shows it soonest, and the verdicts that must follow."""

    name: str
    says: str
    options: Sequence[str]
    convicts: Sequence[str]

    @classmethod
    def read(cls, name: str) -> "Patch":
        says, *rest = (PATCHES / f"{name}.patch").read_text("utf-8").splitlines()
        head = dict(line.split(": ", 1) for line in itertools.takewhile(bool, rest))
        return cls(name, says, head["options"].split(), head["convicts"].split(", "))


@dataclass(frozen=True, slots=True)
class Found:
    """What became of one bug. `seconds` from the start of the site to the verdict; `has_failed` if the run broke off."""

    patch: Patch
    verdicts: Mapping[str, int]
    seconds: float
    has_failed: bool = False

    @property
    def missed(self) -> list[str]:
        """Returns the verdicts that must follow from the bug and were not found."""
        return [verdict for verdict in self.patch.convicts if verdict not in self.verdicts]

    @property
    def is_convicted(self) -> bool:
        return not self.missed and not self.has_failed

    @property
    def row(self) -> str:
        told = [f"{verdict} {count}" for verdict, count in self.verdicts.items()]
        if self.has_failed:
            told.append("**the run failed**")
        if self.missed:
            told.append(f"**not convicted: {', '.join(self.missed)}**")
        return f"| {self.patch.name} | {self.patch.says} | {', '.join(told)} | {self.seconds:.0f} |"


def list_bugs() -> list[str]:
    return sorted(path.stem for path in PATCHES.glob("*.patch"))


@contextmanager
def planted_copy(name: str) -> Iterator[Path]:
    """Yields a copy of this tree in which one bug is planted. Raises CalledProcessError if the patch does not apply."""
    with tempfile.TemporaryDirectory(prefix=f"parley-{name}-", ignore_cleanup_errors=True) as folder:
        copy = Path(folder) / "tree"
        copy.mkdir()
        for each in COPIED:
            if (ROOT / each).is_dir():
                shutil.copytree(ROOT / each, copy / each, ignore=shutil.ignore_patterns("node_modules"))
            else:
                shutil.copy2(ROOT / each, copy / each)
        apply(name, copy)
        yield copy


def apply(name: str, tree: Path) -> None:
    """Plant a bug in a tree that is no repository."""
    patch = PATCHES / f"{name}.patch"
    command = ["git", "apply", "--whitespace=nowarn", str(patch)]
    subprocess.run(
        command, cwd=tree, check=True, env={"PATH": "/usr/bin:/bin:/usr/local/bin", "GIT_DIR": "/nonexistent"}
    )


def plant(name: str, minutes: float, seed: int, within_s: float | None = None) -> Found:
    """Play the fault run with one bug until it is convicted, or for so many minutes; after `within_s` it is ended in any case."""
    patch = Patch.read(name)
    with planted_copy(name) as copy:
        history = copy.parent / "history.jsonl"
        command = [sys.executable, "-m", "benchmarks.faults", "--minutes", str(minutes), "--seed", str(seed)]
        command += ["--history", str(history), "--until-convicted", ",".join(patch.convicts), *patch.options]
        began = monotonic()
        status = run_within(command, copy, within_s or minutes * 60 + ENDS_WITHIN_S)
        took = monotonic() - began
        findings = judge(history) if history.exists() else Findings()
    verdicts = {verdict: count for verdict, count in findings.counts.items() if count}
    return Found(patch, verdicts, took, has_failed=status not in PLAYED)


def run_within(command: Sequence[str], folder: Path, within_s: float) -> int | None:
    """Returns the exit status of a command, or None if it had to be ended. SIGTERM ends both it and this process."""
    before = signal.signal(signal.SIGTERM, _end)  # or what is started would go on without this process
    try:
        run = subprocess.Popen(command, cwd=folder)
        try:
            return run.wait(within_s)
        except subprocess.TimeoutExpired:
            return None
        finally:
            _stop(run)
    finally:
        signal.signal(signal.SIGTERM, before)


def _stop(run: "subprocess.Popen[bytes]") -> None:
    """End a run with all that it has started."""
    if run.poll() is None:
        run.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            run.wait(ENDS_AFTER_SIGNAL_S)
        run.kill()
        run.wait()


def _end(number: int, _: object) -> None:
    raise SystemExit(128 + number)


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        "benchmarks.planted", description="Plant known bugs and look whether they are found."
    )
    parser.add_argument("names", nargs="*", help="of benchmarks/planted (default: all)")
    parser.add_argument("--minutes", type=float, default=PLANTED_MINUTES, help="for each bug at most")
    parser.add_argument("--within", type=float, metavar="SECONDS", help="after which a run is ended, whatever it does")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args(argv)
    found = []
    for name in arguments.names or list_bugs():
        found.append(plant(name, arguments.minutes, arguments.seed, arguments.within))
        print(found[-1].row, flush=True)
    print("\n| bug | what it does | convicted of | seconds |\n| --- | --- | --- | --- |")
    for each in found:
        print(each.row)
    return 0 if all(each.is_convicted for each in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
