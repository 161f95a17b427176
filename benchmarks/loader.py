"""Runs the load generator `sioload.c`: one thread that speaks Socket.IO over many WebSockets at little cost."""

import asyncio
import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).parent / "sioload.c"


@dataclass(frozen=True, slots=True)
class Figures:
    """One line of the loader; NaN where a kind of load has no such figure."""

    failed: int
    acks_per_s: float
    deliveries_per_s: float
    nacks: int
    ack_p50_ms: float
    ack_p99_ms: float
    p50_ms: float
    p99_ms: float
    kb_per_conn: float
    connect_cpu_us: float
    server_cpu: float

    @classmethod
    def read(cls, line: str) -> "Figures":
        shown = json.loads(line.replace("nan", "NaN"))
        return cls(**{name: shown.get(name, float("nan")) for name in cls.__slots__})


def build_loader() -> Path:
    """Compile the loader into a temporary folder; needs a C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise SystemExit("The load generator needs a C compiler (Debian: gcc).")
    program = Path(tempfile.mkdtemp(prefix="parley-loader-")) / "sioload"
    subprocess.run([compiler, "-O2", "-o", program, SOURCE, "-lm"], check=True)
    return program


async def load(program: Path, port: int, pid: int, *arguments: str, core: int = 1) -> Figures:
    """Run one load to its end; it stops by itself."""
    pin = ["taskset", "-c", str(core)] if shutil.which("taskset") else []
    process = await asyncio.create_subprocess_exec(
        *pin, str(program), "-p", str(port), "-k", str(pid), *arguments, stdout=subprocess.PIPE
    )
    output, _ = await process.communicate()
    return Figures.read(output.decode().strip().splitlines()[-1])
