"""A question that takes too long is not told as a database that is away; both are worth trying again."""

import logging

import pytest
from pymongo.errors import (
    AutoReconnect,
    NetworkTimeout,
    PyMongoError,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
)

from models.errors import Unavailable
from server.faults import refusal_of


def told_of(error: PyMongoError, caplog: pytest.LogCaptureFixture) -> str:
    """What the log says of an error, which the client may try again after."""
    with caplog.at_level(logging.WARNING):
        refusal = refusal_of(error, "GET /events")
    assert isinstance(refusal, Unavailable)
    assert refusal.retry_after_ms
    return caplog.text


@pytest.mark.parametrize("error", [NetworkTimeout("timed out"), WaitQueueTimeoutError("no connection is free")])
def test_what_takes_too_long_is_told_so(error: PyMongoError, caplog: pytest.LogCaptureFixture) -> None:
    text = told_of(error, caplog)
    assert "too long" in text
    assert "away" not in text


@pytest.mark.parametrize("error", [AutoReconnect("connection closed"), ServerSelectionTimeoutError("no primary")])
def test_a_database_that_is_away_is_told_so(error: PyMongoError, caplog: pytest.LogCaptureFixture) -> None:
    assert "the database is away" in told_of(error, caplog)
