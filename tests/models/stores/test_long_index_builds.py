"""A start that needs indexes over much that is stored already: it waits for them, and ends where MongoDB is gone."""

import logging

import pytest
from pymongo.errors import NetworkTimeout, PyMongoError, ServerSelectionTimeoutError

from models.stores.database import until_done


class Build:
    """Answers each question with the next of these errors, and then that it is done."""

    def __init__(self, *errors: PyMongoError) -> None:
        self.errors = list(errors)
        self.is_done = False

    async def __call__(self) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.is_done = True


async def test_a_start_asks_again_until_its_indexes_are_there(caplog: pytest.LogCaptureFixture) -> None:
    build = Build(NetworkTimeout("timed out"), NetworkTimeout("timed out"))
    with caplog.at_level(logging.WARNING):
        await until_done(build)
    assert build.is_done
    assert [record.message for record in caplog.records if "waits for them" in record.message] != []


async def test_a_start_ends_where_mongodb_is_gone_meanwhile() -> None:
    build = Build(NetworkTimeout("timed out"), ServerSelectionTimeoutError("no primary"))
    with pytest.raises(ServerSelectionTimeoutError):
        await until_done(build)
