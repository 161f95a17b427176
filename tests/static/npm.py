"""What the tests of the web client take from npm, installed once per lock file and machine."""

import asyncio
import hashlib
import os
import shutil
import tempfile
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent


async def install_packages() -> Path:
    """The folder of node modules that the lock file names."""
    if shutil.which("npm") is None:
        pytest.skip("npm is needed for the rules of accessibility")
    lock = (FOLDER / "package-lock.json").read_bytes()
    folder = Path(tempfile.gettempdir()) / f"parley-page-{os.getuid()}-{hashlib.sha256(lock).hexdigest()[:16]}"
    if not (folder / "installed").exists():
        folder.mkdir(mode=0o700, exist_ok=True)
        for file in ("package.json", "package-lock.json"):
            shutil.copy(FOLDER / file, folder)
        npm = await asyncio.create_subprocess_exec(
            "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund",
            cwd=folder, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        _, errors = await npm.communicate()
        assert npm.returncode == 0, errors.decode()
        (folder / "installed").touch()
    return folder / "node_modules"
