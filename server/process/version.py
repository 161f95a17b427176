"""What is running: the version in setup.cfg."""

import configparser
from functools import lru_cache
from pathlib import Path

SETUP_FILE = Path(__file__).resolve().parents[2] / "setup.cfg"


@lru_cache(maxsize=1)
def read_version() -> str:
    """Returns the version; empty where setup.cfg was left out of what was installed."""
    config = configparser.ConfigParser(interpolation=None)
    config.read(SETUP_FILE, encoding="utf-8")
    return config.get("metadata", "version", fallback="")
