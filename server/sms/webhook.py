"""Sends codes and texts to a web hook of the operator, with a signature that it can verify."""

import hmac
import logging

import aiohttp
import orjson

from models.errors import Unavailable
from models.ports import Clock

log = logging.getLogger(__name__)
CANNOT_RECEIVE = 422


class WebhookCodes:
    """Posts `{"to", "body", "code", "channel", "at"}` as JSON; `code` is null for a text. A code has a `language`, for voices.

    `X-Parley-Timestamp` holds unix seconds and `X-Parley-Signature` the hex HMAC-SHA256 of timestamp, full stop and
    body, so that an old request cannot be replayed later. Any 2xx is success, 422 says that the number cannot receive.
    """

    def __init__(
        self, http: aiohttp.ClientSession, clock: Clock, *, url: str, secret: str, timeout_s: float = 10.0
    ) -> None:
        self._http = http
        self._clock = clock
        self._url = url
        self._secret = secret.encode()
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)

    async def send(self, phone_text: str, body: str, *, code: str, channel: str, language: str = "en") -> None:
        await self._post(phone_text, body, code, channel, language=language)

    async def send_text(self, phone_text: str, body: str) -> None:
        await self._post(phone_text, body, None, "sms")

    async def _post(self, phone_text: str, body: str, code: str | None, channel: str, **more: str) -> None:
        now = self._clock.now()
        payload = orjson.dumps(
            {"to": phone_text, "body": body, "code": code, "channel": channel, "at": now, **more},
            option=orjson.OPT_UTC_Z,
        )
        timestamp = str(int(now.timestamp()))
        headers = {
            "Content-Type": "application/json",
            "X-Parley-Timestamp": timestamp,
            "X-Parley-Signature": sign(self._secret, timestamp, payload),
        }
        try:
            async with self._http.post(
                self._url, data=payload, headers=headers, timeout=self._timeout, allow_redirects=False
            ) as response:
                status = response.status
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("the SMS web hook cannot be reached: %s", type(error).__name__)
            raise Unavailable("The SMS could not be sent; try again.") from error
        if status == CANNOT_RECEIVE:
            log.warning("the SMS web hook sends nothing to %s", phone_text)
        elif not 200 <= status < 300:
            log.error("the SMS web hook answered %d", status)
            raise Unavailable("The SMS could not be sent; try again.")


def sign(secret: bytes, timestamp: str, payload: bytes) -> str:
    return hmac.new(secret, timestamp.encode() + b"." + payload, "sha256").hexdigest()
