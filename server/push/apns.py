"""Sends pushes by Apple's service (APNs): builds requests and reads answers. apns_connections.py carries them.

A request that was cut off may have been received. It is sent again with its apns-id and its apns-collapse-id, so that a
device shows it once.
"""

import asyncio
import json
import logging
import ssl
from datetime import UTC, datetime, timedelta
from math import isfinite
from urllib.parse import quote
from uuid import UUID, uuid5

import jwt
from aioapns.common import PRIORITY_HIGH, PushType
from aioapns.connection import (
    APNsDevelopmentClientProtocol,
    APNsProductionClientProtocol,
    AuthorizationHeaderProvider,
    JWTAuthorizationHeaderProvider,
)
from aioapns.exceptions import ConnectionClosed
from aioapns.exceptions import ConnectionError as CannotConnect
from h2.exceptions import ProtocolError

from models.documents.graphemes import cut
from models.documents.notification import Notification
from models.ports import Clock, Delivered, Gone, Outcome, Refused, RetryLater
from server.push.apns_connections import Answer, Pool

log = logging.getLogger(__name__)

TIMEOUT_S = 20.0  # connecting included
EXPIRES_AFTER = timedelta(days=30)  # docs/events-api.md, "Pushes"
PAYLOAD_MAX_BYTES = 4096  # Apple's
COLLAPSE_MAX_BYTES = 64  # Apple's
_IDS = UUID("8d3b6a5e-7f0f-4f0c-9a47-3d1c1d3f6f10")  # of this server's notifications, among all that are made of names
_BAD_TOKENS = {"BadDeviceToken", "Unregistered", "ExpiredToken"}


class ApnsPushes:
    """Sends for one topic (an app's bundle id) to Apple, or to another server that speaks its protocol."""

    def __init__(
        self,
        clock: Clock,
        *,
        topic: str,
        context: ssl.SSLContext,
        signature: AuthorizationHeaderProvider | None = None,
        is_sandbox: bool = False,
        server: str = "",
        label: str = "",
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        kind = APNsDevelopmentClientProtocol if is_sandbox else APNsProductionClientProtocol
        host, _, port = (server or f"{kind.APNS_SERVER}:{kind.APNS_PORT}").rpartition(":")
        self._pool = Pool(topic, host.strip("[]"), int(port), context, signature)
        self._clock = clock
        self._topic = topic
        self._label = label
        self._timeout_s = timeout_s

    async def send(self, notification: Notification, token: str) -> Outcome:
        """Implements models.ports.PushSender. Apple's "Handling notification responses from APNs" defines the answers."""
        try:
            async with asyncio.timeout(self._timeout_s):
                path = f"/3/device/{quote(token, safe='')}"
                answer = await self._pool.ask(path, self._headers(notification, token), self._payload(notification))
        except TimeoutError:
            return RetryLater("no answer in time")
        except (CannotConnect, ConnectionClosed, ProtocolError, OSError) as error:
            return RetryLater(f"{type(error).__name__}: {error}")
        return _outcome(answer)

    async def close(self) -> None:
        """Close the connections, and wait a moment until Apple has read that."""
        await self._pool.say_goodbye()

    def _headers(self, notification: Notification, token: str) -> list[tuple[str, str]]:
        push_id = str(apns_id(notification.key, token))
        collapse = push_id if notification.collapse is None else notification.collapse
        if len(collapse.encode()) > COLLAPSE_MAX_BYTES or not collapse.isascii():
            collapse = str(uuid5(_IDS, collapse))
        expires_at = notification.at + EXPIRES_AFTER
        if notification.until is not None:
            expires_at = min(expires_at, notification.until)
        return [
            ("apns-id", push_id),
            ("apns-topic", self._topic),
            ("apns-push-type", PushType.ALERT.value),
            ("apns-priority", PRIORITY_HIGH),
            ("apns-expiration", str(int(expires_at.timestamp()))),
            ("apns-collapse-id", collapse),
        ]

    def _payload(self, notification: Notification) -> bytes:
        alert = f"{self._label} {notification.alert}" if self._label else notification.alert
        payload = _encoded(alert, notification)
        while len(payload) > PAYLOAD_MAX_BYTES and alert:
            alert = cut(alert, len(alert) - max(8, len(alert) // 8)).rstrip() + "…" if len(alert) > 8 else ""
            payload = _encoded(alert, notification)
        return payload


def apns_id(key: str, token: str) -> UUID:
    """Returns Apple's id of this notification to this device, equal on every node and in every attempt."""
    return uuid5(_IDS, f"{key}\n{token}")


def trust(ca_file: str | None = None) -> ssl.SSLContext:
    """Returns a TLS context that trusts the system's authorities, or those in a file (OSError when it cannot be read)."""
    context = ssl.create_default_context(cafile=ca_file)
    context.set_alpn_protocols(["h2"])
    return context


def sign_by(key: str, key_id: str, team_id: str) -> AuthorizationHeaderProvider:
    """Returns signatures by a token key (the text of a .p8 file) for all connections.

    ValueError for a key that cannot sign.
    """
    provider = JWTAuthorizationHeaderProvider(key, key_id, team_id)
    try:
        provider.get_header()  # type: ignore[no-untyped-call]
    except (jwt.PyJWTError, TypeError) as error:
        raise ValueError(str(error)) from error
    return provider


def _encoded(alert: str, notification: Notification) -> bytes:
    payload = {**notification.data, "type": notification.type, "aps": {"alert": alert, "sound": "default"}}
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def _outcome(answer: Answer) -> Outcome:
    reason, since = _read(bytes(answer.body))
    match answer.status:
        case 200:
            return Delivered()
        case 410:
            return Gone(since)
        case 400 if reason in _BAD_TOKENS:
            return Gone()
        case 403:
            # An operator's to mend, and then worth another try.
            log.error("APNs does not accept this server: %s", reason)
            return RetryLater(f"403 {reason}")
        case 400 | 404 | 405 | 413:
            return Refused(f"{answer.status} {reason}")
        case status:
            return RetryLater(f"{status} {reason}".strip(), _read_seconds(answer.retry_after))


def _read(body: bytes) -> tuple[str, datetime | None]:
    """Returns the reason of a refusal, and since when a device has been gone (milliseconds)."""
    try:
        told = json.loads(body)
    except ValueError:
        return "", None
    if not isinstance(told, dict):
        return "", None
    reason, since = told.get("reason"), told.get("timestamp")
    try:
        at = datetime.fromtimestamp(since / 1000, UTC) if isinstance(since, int | float) else None
    except (OverflowError, ValueError, OSError):
        at = None
    return reason if isinstance(reason, str) else "", at


def _read_seconds(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if isfinite(seconds) and seconds >= 0 else None
