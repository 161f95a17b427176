"""A code is sent in words that its reader knows, and a fault of the database costs nobody the code that they have."""

from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest
from pymongo.errors import PyMongoError

from models.documents.phone import Phone
from models.documents.pin import PinRules
from models.services.accounts.pins import RequestPin
from tests.support.fakes import HandClock

ANN = Phone("+4930123456", "4930123456")


@pytest.fixture
def parts() -> dict[str, Any]:
    accounts = AsyncMock(find_by_number=AsyncMock(return_value=None))
    texts = Mock(count_code=AsyncMock(return_value=None))
    return {
        "accounts": accounts,
        "pins": AsyncMock(),
        "attempts": AsyncMock(take=AsyncMock(return_value=Mock(wait=None))),
        "quotas": AsyncMock(take=AsyncMock(return_value=None)),
        "languages": AsyncMock(map_by_ids=AsyncMock(return_value={})),
        "texts": texts,
        "sender": AsyncMock(),
    }


def request_pin(parts: dict[str, Any]) -> RequestPin:
    return RequestPin(**parts, clock=HandClock(), rules=PinRules(), digits=4)


async def test_a_database_that_knows_no_language_now_leaves_the_code_and_the_quotas_as_they_were(
    parts: dict[str, Any],
) -> None:
    parts["languages"].map_by_ids.side_effect = PyMongoError
    with pytest.raises(PyMongoError):
        await request_pin(parts)(ANN, "192.0.2.1")
    for untouched in (parts["pins"].replace, parts["attempts"].take, parts["quotas"].take, parts["texts"].count_code):
        untouched.assert_not_called()


async def test_a_spoken_code_has_no_marks_of_direction(parts: dict[str, Any]) -> None:
    await request_pin(parts)(ANN, "192.0.2.1", channel="voice", language="ar")
    sent = parts["sender"].send.await_args
    digits = ", ".join(sent.kwargs["code"])
    assert sent.args[1] == f"مرحبا! رمزك هو {digits}."
