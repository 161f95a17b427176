"""What the tests of the web client take from npm."""

import shutil
from pathlib import Path

import pytest

from benchmarks import npm


async def install_packages() -> Path:
    """The folder of node modules that the lock file beside this module names."""
    if shutil.which("npm") is None:
        pytest.skip("npm is needed for what these tests take from there")
    return await npm.install_packages(Path(__file__).parent)
