"""Codes and texts in the log, where a developer finds them."""

import logging

import pytest

from server.sms.log import LoggedCodes


async def test_the_whole_message_is_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    await LoggedCodes().send("+4930", "Your code is 0042.", code="0042", channel="sms")
    (record,) = caplog.records
    assert (record.levelno, record.getMessage()) == (logging.WARNING, "sms to +4930: Your code is 0042.")


async def test_a_text_is_one_too(caplog: pytest.LogCaptureFixture) -> None:
    await LoggedCodes().send_text("+4930", "Ann invites you.")
    (record,) = caplog.records
    assert (record.levelno, record.getMessage()) == (logging.WARNING, "sms to +4930: Ann invites you.")
