"""Photo histories, and the photo of a group as the entries of its log set it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from models.documents.entry import Entry, PhotoSet, SubjectSet
from models.documents.photo import Photo, PhotoChange
from models.stores.chats import Chats
from models.stores.counters import Counters
from models.stores.database import Database
from models.stores.photos import Photos
from tests.support.plans import recorded_plans

pytestmark = pytest.mark.parametrize("driver", ["pymongo", "motor"])

AT = datetime(2026, 1, 1, tzinfo=UTC)
ONE, OTHER = Photo("1.jpg", "1p.jpg"), Photo("2.jpg", "2p.jpg")


async def test_a_history_is_told_newest_first_also_of_one_moment(database: Database) -> None:
    photos = Photos(database)
    await photos.prepare()
    for photo in (ONE, None, OTHER):
        await photos.append(7, photo, AT)
    await photos.append(8, ONE, AT)
    async with recorded_plans(database, "photos") as plans:
        assert await photos.list_by_owner(7) == [PhotoChange(AT, OTHER), PhotoChange(AT, None), PhotoChange(AT, ONE)]
    assert [(plan.index, plan.docs_examined) for plan in plans] == [("owner_id: 1, _id: 1", 3)]


async def test_the_newest_entry_decides_which_photo_a_group_has(database: Database) -> None:
    chats = Chats(database, Counters(database))
    await chats.prepare()
    chat = await chats.require_direct((1, "491"), (2, "492"), AT)
    first = Entry(chat.id, 5, 1, "491", "a", AT, PhotoSet(ONE))
    second, removal = replace(first, seq=6, body=PhotoSet(OTHER)), replace(first, seq=7, body=PhotoSet(None))
    for change, photo in ((second, OTHER), (first, OTHER), (second, OTHER), (removal, None), (second, None)):
        await chats.apply(change)
        await chats.apply(replace(change, body=SubjectSet("x")))
        found = await chats.find(chat.id)
        assert found is not None
        assert found.photo == photo
