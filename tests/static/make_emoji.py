"""`python -m tests.static.make_emoji`: writes the names of emoji for the page's picker, one file for each language.

The names and words are those of Unicode's CLDR in the npm package emojibase-data, which tests/static/package-lock.json pins.
"""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.npm import install_packages
from models.documents.reaction import find_emoji

LANGUAGES = ("de", "en", "es", "fr")  # emojibase has no Arabic: its readers search in English
FOLDER = Path(__file__).parents[2] / "static" / "emoji"
_NEWEST = 15.1  # the version of Unicode's emoji that systems of the last two years can draw
_COMPONENTS = 2  # the group of skin tones and hair, which are parts of emoji


async def make() -> dict[str, str]:
    """Returns the content of each file by its name."""
    source = await install_packages(Path(__file__).parent) / "emojibase-data"
    return {f"{language}.json": _made(source / language) for language in LANGUAGES}


def _made(source: Path) -> str:
    """Returns {"groups": [{"name", "emoji": [[emoji, name, other words, 1 if it has skin tones], …]}, …]}."""
    data = json.loads((source / "data.json").read_text("utf-8"))
    names = {
        each["order"]: each["message"] for each in json.loads((source / "messages.json").read_text("utf-8"))["groups"]
    }
    shown = [each for each in data if "group" in each and each["group"] != _COMPONENTS and each["version"] <= _NEWEST]
    shown.sort(key=lambda each: each["order"])
    groups = [
        {"name": name, "emoji": [_row(each) for each in shown if each["group"] == order]}
        for order, name in sorted(names.items())
        if order != _COMPONENTS
    ]
    return json.dumps({"groups": groups}, ensure_ascii=False, separators=(",", ":")) + "\n"


def _row(emoji: Mapping[str, Any]) -> list[Any]:
    words = [word for word in emoji.get("tags", ()) if word not in emoji["label"]]
    return [find_emoji(emoji["emoji"]), emoji["label"], " ".join(words), *([1] if "skins" in emoji else [])]


async def _write() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, text in (await make()).items():
        (FOLDER / name).write_text(text, "utf-8")


if __name__ == "__main__":
    asyncio.run(_write())
