"""A site as an earlier version left it: its rows, its indexes, and what it answered (`site.json.gz`).

Five people who have written to each other, in direct chats, in a small and a large group that some left or came back to, and at
events; with edits, reactions, deletions, a block, files, photos, a login, a removed account, and a code that nobody has used yet.
"""

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from bson import json_util
from pymongo import IndexModel

from models.stores.database import Database
from server.config import Settings
from tests.support.node import Person, settings_for

PATH = Path(__file__).with_name("site.json.gz")
SECRET = "upgrade-upgrade-upgrade-upgrade-upgrade"  # it signed the tokens
LARGE_CHAT = 3  # the setting that the site had


@dataclass(frozen=True)
class OldSite:
    kept: Mapping[str, Any]

    @cached_property
    def everybody(self) -> dict[str, Person]:
        """Returns all whose tokens were written down, also of those who signed out."""
        people = self.kept["people"].items()
        return {name: Person(one["number"], one["id"], one["token"]) for name, one in people}

    @property
    def people(self) -> dict[str, Person]:
        """Returns those whose answers are known."""
        return {name: self.everybody[name] for name in ("ann", "bob", "cid", "dan", "eva")}

    async def restore(self, database: Database, spellings: Mapping[str, str] | None = None) -> None:
        """Put everything into an empty database; numbers in `spellings` as if they had been written so."""
        for name, collection in self.kept["collections"].items():
            text = json.dumps(collection["rows"])
            for number, spelling in (spellings or {}).items():
                text = text.replace(json.dumps(number), json.dumps(spelling))
            rows = json_util.loads(text, json_options=json_util.CANONICAL_JSON_OPTIONS)
            place = database.collection(name)
            if rows:
                await place.insert_many(rows)
            indexes = json_util.loads(json.dumps(collection["indexes"]))
            if indexes:
                await place.create_indexes(
                    [IndexModel([(key, int(way)) for key, way in one.pop("key")], **one) for one in indexes]
                )


def read_site() -> OldSite:
    return OldSite(json.loads(gzip.decompress(PATH.read_bytes())))


def settings_of(database: Database, folder: Path) -> Settings:
    return settings_for(
        folder,
        mongodb={"database": database.raw.name},
        auth={"secret": SECRET},
        chat={"large_chat_members": LARGE_CHAT},
        media={"default_pictures": False},  # there were none
    )
