"""Writes codes and texts to the log: for development, where the reader of the log owns the number."""

import logging

log = logging.getLogger(__name__)


class LoggedCodes:
    """Logs codes, as nothing else may; as warnings, so that nobody uses it in production unknowingly."""

    async def send(self, phone_text: str, body: str, *, code: str, channel: str, language: str = "en") -> None:  # noqa: ARG002 - the port's words
        log.warning("%s to %s: %s", channel, phone_text, body)

    async def send_text(self, phone_text: str, body: str) -> None:
        log.warning("sms to %s: %s", phone_text, body)
