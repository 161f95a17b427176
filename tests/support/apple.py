"""Apple's push service on loopback: HTTP/2 over TLS, answering as told, remembering what it was asked and what it took."""

import asyncio
import json
import ssl
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, RequestReceived, StreamEnded
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes

from tests.support.listening import stop_accepting

KEY_ID, TEAM_ID, TOPIC = "KEY0000001", "TEAM000001", "example.app"
RESET, CLOSE, DIE, NOTHING = 1, 2, 3, 4  # in place of a status: what else may happen to a request


@dataclass(frozen=True)
class Answer:
    """What one request gets. A status below 100 is one of the misfortunes above."""

    status: int = 200
    reason: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    timestamp: int | None = None
    body: bytes | None = None  # in place of the JSON

    @property
    def content(self) -> bytes:
        if self.body is not None or self.status == 200:
            return self.body or b""
        told: dict[str, Any] = {"reason": self.reason}
        return json.dumps(told if self.timestamp is None else told | {"timestamp": self.timestamp}).encode()


@dataclass
class Push:
    """One request as it came."""

    token: str
    headers: dict[str, str]
    payload: dict[str, Any]
    line: int  # which connection it came on
    answer: Answer = field(default_factory=Answer)

    @property
    def id(self) -> str:
        return self.headers["apns-id"]

    @property
    def alert(self) -> str:
        alert: str = self.payload["aps"]["alert"]
        return alert


@dataclass
class Apple:
    """`received` is everything that came, `taken` what was answered with 200. `gate` closed: requests come, answers wait."""

    folder: Path
    streams_max: int = 1000
    needs_certificate: bool = False
    port: int = 0
    received: list[Push] = field(default_factory=list)
    taken: list[Push] = field(default_factory=list)
    planned: dict[str, deque[Answer]] = field(default_factory=dict)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    lines: int = 0
    most_at_once: int = 0
    _heard: asyncio.Event = field(default_factory=asyncio.Event)
    _more: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.gate.set()
        self.authority = _Authority(self.folder)

    @property
    def server(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def settings(self) -> dict[str, Any]:
        """The `push` section of a node that sends here by a key."""
        return {
            "key_file": str(self.authority.key_file),
            "key_id": KEY_ID,
            "team_id": TEAM_ID,
            "topic": TOPIC,
            "server": self.server,
            "ca_file": str(self.authority.ca_file),
        }

    def plan(self, token: str, *answers: Answer) -> None:
        """The next answers to requests for this token; after them 200 again."""
        self.planned.setdefault(token, deque()).extend(answers)

    def sent_to(self, token: str) -> list[Push]:
        """What was taken for this token, in order."""
        return [push for push in self.taken if push.token == token]

    @property
    def doubled(self) -> list[str]:
        """The ids that were taken more than once."""
        return [push_id for push_id, times in Counter(push.id for push in self.taken).items() if times > 1]

    async def expect(self, taken: int = 0, *, received: int = 0, within_s: float = 60.0) -> None:
        """Wait until so many were taken, and so many came."""
        async with asyncio.timeout(within_s):
            while len(self.taken) < taken or len(self.received) < received:
                self._more.clear()
                await self._more.wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.lines += 1
        self._writers.add(writer)
        try:
            await self._talk(reader, writer, self.lines)
        except (ConnectionError, ProtocolError, ssl.SSLError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: int) -> None:
        connection = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        connection.initiate_connection()
        connection.update_settings({SettingCodes.MAX_CONCURRENT_STREAMS: self.streams_max})
        writer.write(connection.data_to_send())
        requests: dict[int, tuple[dict[str, str], bytearray]] = {}
        while data := await reader.read(65536):
            for event in connection.receive_data(data):
                match event:
                    case RequestReceived(stream_id=int(stream), headers=list(headers)):
                        requests[stream] = ({str(name): str(value) for name, value in headers}, bytearray())
                        self.most_at_once = max(self.most_at_once, connection.open_inbound_streams)
                    case DataReceived(stream_id=int(stream), data=bytes(part), flow_controlled_length=int(length)):
                        requests[stream][1].extend(part)
                        connection.acknowledge_received_data(length, stream)
                    case StreamEnded(stream_id=int(stream)):
                        push = self._receive(*requests.pop(stream), line)
                        task = asyncio.create_task(self._answer(connection, writer, stream, push))
                        self._tasks.add(task)
                        task.add_done_callback(self._tasks.discard)
            writer.write(connection.data_to_send())
            self._heard.set()

    def _receive(self, headers: dict[str, str], body: bytearray, line: int) -> Push:
        assert headers[":method"] == "POST"
        _, _, token = headers[":path"].partition("/3/device/")
        push = Push(token, headers, json.loads(body), line)
        if not self.needs_certificate:
            kind, _, signed = headers["authorization"].partition(" ")
            assert kind == "bearer"
            assert jwt.get_unverified_header(signed)["kid"] == KEY_ID
            public = self.authority.key.public_key()
            assert jwt.decode(signed, public, algorithms=["ES256"])["iss"] == TEAM_ID
        planned = self.planned.get(token)
        push.answer = planned.popleft() if planned else Answer()
        self.received.append(push)
        self._more.set()
        return push

    async def _answer(self, connection: H2Connection, writer: asyncio.StreamWriter, stream: int, push: Push) -> None:
        await self.gate.wait()
        answer = push.answer
        with suppress(ProtocolError, ConnectionError):
            match answer.status:
                case 1:
                    connection.reset_stream(stream, ErrorCodes.REFUSED_STREAM)
                case 2:
                    connection.close_connection(last_stream_id=stream - 2)
                case 3:
                    writer.transport.abort()
                case 4:
                    return
                case status:
                    headers = [(":status", str(status)), ("apns-id", push.id), *answer.headers.items()]
                    connection.send_headers(stream, headers, end_stream=not answer.content)
                    if answer.content:
                        await self._room(connection, stream, len(answer.content))
                        connection.send_data(stream, answer.content, end_stream=True)
            writer.write(connection.data_to_send())
            if answer.status == 200:
                self.taken.append(push)
                self._more.set()
            await writer.drain()

    async def _room(self, connection: H2Connection, stream: int, needed: int) -> None:
        """Wait until the client lets this much come; one that never does is found by the test's own limit."""
        while connection.local_flow_control_window(stream) < needed:
            self._heard.clear()
            await self._heard.wait()

    async def hang_up(self) -> None:
        """Cut every line, without an answer to what is waiting."""
        for writer in list(self._writers):
            writer.transport.abort()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def running_apple(folder: Path, **options: Any) -> AsyncIterator[Apple]:
    apple = Apple(folder, **options)
    context = apple.authority.context(needs_certificate=apple.needs_certificate)
    server = await asyncio.start_server(apple.serve, "127.0.0.1", 0, ssl=context)
    apple.port = server.sockets[0].getsockname()[1]
    try:
        yield apple
    finally:
        await stop_accepting(server.sockets)
        server.close()
        await apple.hang_up()


class _Authority:
    """Who vouches for the server, and the keys of whoever sends."""

    def __init__(self, folder: Path) -> None:
        self.ca_file, self.server_file = folder / "ca.pem", folder / "server.pem"
        self.client_file, self.key_file = folder / "client.pem", folder / "key.p8"
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.key_file.write_bytes(_pem(self.key))
        ca_key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
        ca = _certificate(name, ca_key, name, ca_key, is_authority=True)
        self.ca_file.write_bytes(ca.public_bytes(serialization.Encoding.PEM))
        for path, common in ((self.server_file, "127.0.0.1"), (self.client_file, TOPIC)):
            key = ec.generate_private_key(ec.SECP256R1())
            subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
            made = _certificate(subject, key, name, ca_key, is_authority=False)
            path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + _pem(key))

    def context(self, *, needs_certificate: bool) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server_file)
        context.set_alpn_protocols(["h2"])
        if needs_certificate:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.ca_file)
        return context


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _certificate(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    by: ec.EllipticCurvePrivateKey,
    *,
    is_authority: bool,
) -> x509.Certificate:
    now = datetime.now(UTC)
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
    )
    if not is_authority:
        addresses = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
        purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
        builder = builder.add_extension(addresses, critical=False).add_extension(purposes, critical=False)
    return builder.sign(by, hashes.SHA256())
