"""Pushes by Apple's service (APNs), over HTTP/2 by aioapns.

aioapns keeps the connections and signs; how a request travels is written anew here, since its own way (4.0) forgets requests
that are answered without a body or reset, tells nobody of Retry-After, stops hearing errors after 64 KiB of them, and lets more
requests go than the server allows. It also signs anew for each connection, which Apple answers with 429.

A request that was cut off may have been heard. It is sent again with the same apns-id, and with the same apns-collapse-id, so
that a device shows it once.
"""

import asyncio
import json
import logging
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from math import isfinite
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid5

import jwt
from aioapns.common import PRIORITY_HIGH, PushType
from aioapns.connection import (
    APNsBaseConnectionPool,
    APNsDevelopmentClientProtocol,
    APNsProductionClientProtocol,
    APNsTLSClientProtocol,
    AuthorizationHeaderProvider,
    JWTAuthorizationHeaderProvider,
)
from aioapns.exceptions import ConnectionClosed
from aioapns.exceptions import ConnectionError as CannotConnect
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    RemoteSettingsChanged,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.exceptions import ProtocolError
from typing_extensions import override

from models.documents.notification import Notification
from models.ports import Clock, Delivered, Gone, Outcome, Refused, RetryLater

log = logging.getLogger(__name__)

TIMEOUT_S = 20.0  # connecting included
EXPIRES_AFTER = timedelta(days=30)  # events contract, section 7
PAYLOAD_MAX_BYTES = 4096  # Apple's
COLLAPSE_MAX_BYTES = 64  # Apple's
STREAMS_MAX = 1000  # at once on a connection, even if the server would take more
CONNECTIONS_MAX = 2  # the second for the moment in which the first is being closed
GOODBYE_S = 1.0
IDLE_S = 600  # Apple wants connections kept; networks forget those that say nothing for longer
_IDS = UUID("8d3b6a5e-7f0f-4f0c-9a47-3d1c1d3f6f10")  # of this server's notifications, among all that are made of names
_BAD_TOKENS = {"BadDeviceToken", "Unregistered", "ExpiredToken"}


@dataclass(slots=True)
class _Answer:
    """What came so far on one stream."""

    whole: "asyncio.Future[None]"
    status: int = 0
    retry_after: str = ""
    body: bytearray = field(default_factory=bytearray)


class _Connection(APNsTLSClientProtocol):
    """One connection: as many requests at once as the server allows, each with an end."""

    INACTIVITY_TIME = IDLE_S

    def __init__(self, *args: Any, host: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.APNS_SERVER = host
        self._answers: dict[int, _Answer] = {}
        self._has_settings = False
        self._is_over = False
        self._heard = 0
        self.lost = asyncio.Event()
        self._changed = asyncio.Event()

    @property
    @override
    def is_busy(self) -> bool:
        """Whether the pool should look for another: there is room on every connection that is not being closed."""
        return self._is_over

    async def ask(self, path: str, headers: list[tuple[str, str]], body: bytes) -> _Answer:
        """Send one request; raises ConnectionClosed when it ends without an answer."""
        heard = self._heard
        try:
            return await self._ask(path, headers, body)
        except asyncio.CancelledError:
            if self._heard == heard:
                self._end()  # it said nothing all the time: the line is dead, and the next request needs another
                self.abort()
            raise

    async def _ask(self, path: str, headers: list[tuple[str, str]], body: bytes) -> _Answer:
        while not self._has_room(len(body)):
            if self._is_over:
                raise ConnectionClosed("closed before the request went out")
            self._changed.clear()
            await self._changed.wait()
        answer = _Answer(asyncio.get_running_loop().create_future())
        stream = self.conn.get_next_available_stream_id()
        fixed = [(":method", "POST"), (":scheme", "https"), (":authority", self.APNS_SERVER), (":path", path)]
        if self.auth_provider is not None:
            headers = [*headers, ("authorization", self.auth_provider.get_header())]
        self.conn.send_headers(stream, fixed + headers)
        self.conn.send_data(stream, body, end_stream=True)
        self._answers[stream] = answer
        self.flush()
        try:
            await answer.whole
        finally:
            if self._answers.pop(stream, None) is not None and not self._is_over:
                with suppress(ProtocolError):  # it ended in this moment
                    self.conn.reset_stream(stream, ErrorCodes.CANCEL)
                self.flush()
                self._changed.set()
        return answer

    def _has_room(self, body_bytes: int) -> bool:
        """Before the server's settings are known, nothing goes: with a signature Apple begins with one request at a time."""
        if self._is_over or not self._has_settings:
            return False
        streams = min(self.conn.remote_settings.max_concurrent_streams, STREAMS_MAX)
        return self.conn.open_outbound_streams < streams and self.conn.outbound_flow_control_window >= body_bytes

    @override
    def data_received(self, data: bytes) -> None:
        self._heard += 1
        try:
            for event in self.conn.receive_data(data):
                self._hear(event)
        except ProtocolError as error:
            log.warning("APNs broke the protocol: %s", type(error).__name__)
            self._end()
        if not self._is_over:
            self.flush()
        self._changed.set()

    def _hear(self, event: Event) -> None:
        match event:
            case RemoteSettingsChanged():
                self._has_settings = True
            case ResponseReceived(stream_id=stream, headers=headers) if stream in self._answers:
                named = {bytes(name).decode(): bytes(value).decode() for name, value in headers or ()}
                self._answers[stream].status = int(named.get(":status", "0"))
                self._answers[stream].retry_after = named.get("retry-after", "")
            case DataReceived(stream_id=stream, data=data, flow_controlled_length=length):
                # Also of requests that nobody waits for any more: otherwise the server may not send for ever.
                self.conn.acknowledge_received_data(length or 0, stream or 0)
                if stream in self._answers and data is not None:
                    self._answers[stream].body += data
            case StreamEnded(stream_id=stream) if stream is not None:
                self._settle(stream, None)
            case StreamReset(stream_id=stream) if stream is not None:
                self._settle(stream, ConnectionClosed("the request was reset"))
            case ConnectionTerminated(error_code=code):
                log.info("APNs closes a connection: %s", code)
                self._end()  # nothing that follows can be read (h2 calls the connection closed)
            case WindowUpdated():
                pass
            case _:
                pass

    def _settle(self, stream: int, error: Exception | None) -> None:
        answer = self._answers.pop(stream, None)
        if answer is None or answer.whole.done():
            return
        if error is None:
            answer.whole.set_result(None)
        else:
            answer.whole.set_exception(error)

    def _end(self) -> None:
        self._is_over = True
        for stream in list(self._answers):
            self._settle(stream, ConnectionClosed("the connection was closed"))
        self._changed.set()
        self.close()

    @override
    def close(self) -> None:
        self._leave()
        super().close()

    def _leave(self) -> None:
        """Out of the pool at once: a line that is being closed may take long to be gone."""
        self._is_over = True
        if self.on_connection_lost is not None:
            self.on_connection_lost(self)

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._end()
        self.lost.set()


class _Pool(APNsBaseConnectionPool):
    """Connections to one server, by a signature that all of them share or by a certificate."""

    def __init__(
        self, topic: str, host: str, port: int, context: ssl.SSLContext, signature: AuthorizationHeaderProvider | None
    ) -> None:
        super().__init__(topic=topic, max_connections=CONNECTIONS_MAX)
        self._host, self._port, self._signature = host, port, signature
        self.ssl_context = context

    @override
    async def create_connection(self) -> _Connection:
        make = partial(
            _Connection,
            self.apns_topic or "",
            self.loop,
            self.discard_connection,
            self._signature,
            host=self._host,
        )
        _, connection = await self.loop.create_connection(make, self._host, self._port, ssl=self.ssl_context)
        if connection.is_busy:
            raise ConnectionClosed("closed as soon as it was open")  # else the pool would keep it for ever
        return connection

    @override
    def discard_connection(self, connection: Any) -> None:
        if connection in self.connections:  # one may be lost before the pool has it
            self.connections.remove(connection)


class ApnsPushes:
    """Sends by one topic (an app's bundle id) to Apple, or to another server that speaks like Apple."""

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
        self._pool = _Pool(topic, host.strip("[]"), int(port), context, signature)
        self._clock = clock
        self._topic = topic
        self._label = label
        self._timeout_s = timeout_s

    async def send(self, notification: Notification, token: str) -> Outcome:
        """See models.ports.PushSender. What Apple answers to is in its document "Handling notification responses from APNs"."""
        try:
            async with asyncio.timeout(self._timeout_s):
                connection = await self._pool.acquire()
                path = f"/3/device/{quote(token, safe='')}"
                answer = await connection.ask(path, self._headers(notification, token), self._payload(notification))  # type: ignore[attr-defined]
        except TimeoutError:
            return RetryLater("no answer in time")
        except (CannotConnect, ConnectionClosed, ProtocolError, OSError) as error:
            return RetryLater(f"{type(error).__name__}: {error}")
        return _outcome(answer)

    async def close(self) -> None:
        """Say good-bye, and wait a moment for it to be heard."""
        for line in [each for each in self._pool.connections if isinstance(each, _Connection)]:
            line.close()
            try:
                await asyncio.wait_for(line.lost.wait(), GOODBYE_S)
            except TimeoutError:
                line.abort()

    def _headers(self, notification: Notification, token: str) -> list[tuple[str, str]]:
        push_id = str(apns_id(notification.key, token))
        collapse = push_id if notification.collapse is None else notification.collapse
        if len(collapse.encode()) > COLLAPSE_MAX_BYTES or not collapse.isascii():
            collapse = str(uuid5(_IDS, collapse))
        expires_at = notification.at + EXPIRES_AFTER
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
            alert = alert[: -max(8, len(alert) // 8)].rstrip() + "…" if len(alert) > 8 else ""
            payload = _encoded(alert, notification)
        return payload


def apns_id(key: str, token: str) -> UUID:
    """The id under which Apple knows this notification to this device, the same on every node and in every attempt."""
    return uuid5(_IDS, f"{key}\n{token}")


def trust(ca_file: str | None = None) -> ssl.SSLContext:
    """Whom to believe to be Apple: who the system's authorities vouch for, or those of a file (OSError when it is none)."""
    context = ssl.create_default_context(cafile=ca_file)
    context.set_alpn_protocols(["h2"])
    return context


def sign_by(key: str, key_id: str, team_id: str) -> AuthorizationHeaderProvider:
    """Signs by a token key (the text of a .p8 file), once for all connections; ValueError for one that cannot sign."""
    provider = JWTAuthorizationHeaderProvider(key, key_id, team_id)
    try:
        provider.get_header()  # type: ignore[no-untyped-call]
    except (jwt.PyJWTError, TypeError) as error:
        raise ValueError(str(error)) from error
    return provider


def _encoded(alert: str, notification: Notification) -> bytes:
    payload = {**notification.data, "type": notification.type, "aps": {"alert": alert, "sound": "default"}}
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def _outcome(answer: _Answer) -> Outcome:
    reason, since = _read(bytes(answer.body))
    match answer.status:
        case 200:
            return Delivered()
        case 410:
            return Gone(since)
        case 400 if reason in _BAD_TOKENS:
            return Gone()
        case 403:
            log.error(
                "APNs does not accept this server: %s", reason
            )  # an operator's to mend, and then worth another try
            return RetryLater(f"403 {reason}")
        case 400 | 404 | 405 | 413:
            return Refused(f"{answer.status} {reason}")
        case status:
            return RetryLater(f"{status} {reason}".strip(), _read_seconds(answer.retry_after))


def _read(body: bytes) -> tuple[str, datetime | None]:
    """The reason of a refusal, and since when a device has been gone (milliseconds)."""
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
