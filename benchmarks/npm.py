"""Installs packages from npm once per lock file and machine, also when two processes ask for them at once."""

import asyncio
import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path


async def install_packages(source: Path) -> Path:
    """Returns the folder of node modules that the lock file in `source` names. Raises RuntimeError with npm's words."""
    return await asyncio.to_thread(_install, source)


def _install(source: Path) -> Path:
    lock_file = (source / "package-lock.json").read_bytes()
    name = f"parley-npm-{os.getuid()}-{hashlib.sha256(lock_file).hexdigest()[:16]}"
    folder = Path(tempfile.gettempdir()) / name
    folder.mkdir(mode=0o700, exist_ok=True)
    with (folder / "lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not (folder / "installed").exists():
            for file in ("package.json", "package-lock.json"):
                shutil.copy(source / file, folder)
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise RuntimeError(done.stderr[-300:])
            (folder / "installed").touch()
    return folder / "node_modules"
