"""Pins what server/sockets and server/http/unreadable.py use of python-socketio, python-engineio and aiohttp beyond their documentation.

A failure here after an upgrade means: read the new release, then mend server/sockets, then this list.
"""

import asyncio
import inspect
import re
from collections import deque
from typing import Any
from unittest.mock import Mock, create_autospec

import engineio
import pytest
import socketio
from aiohttp import web, web_runner
from aiohttp._websocket.helpers import websocket_mask
from aiohttp.web_protocol import RequestHandler
from engineio import packet
from socketio import async_namespace, base_manager
from socketio import packet as socketio_packet

from server.sockets.connections import Connections
from server.sockets.engine import EngineServer
from server.sockets.engine_socket import EngineSocket
from server.sockets.frames import FrameListener, Frames
from server.sockets.intake import JOINING, UNAUTHENTICATED_MAX_BYTES
from server.sockets.server import BACKLOG_HOLD, SocketServer

SIGNATURES = [
    # What we replace: python-engineio
    (engineio.AsyncServer, "attach", "(self, app, engineio_path='engine.io')"),
    (engineio.AsyncServer, "handle_request", "(self, *args, **kwargs)"),
    # What we call: python-engineio
    (engineio.AsyncServer, "generate_id", "(self)"),
    (engineio.AsyncServer, "_cors_allowed_origins", "(self, environ)"),
    (engineio.AsyncServer, "_cors_headers", "(self, environ)"),
    (packet.Packet, "__init__", "(self, packet_type=6, data=None, encoded_packet=None)"),
    (packet.Packet, "encode", "(self, b64=False)"),
    # What we replace: python-socketio
    (socketio.AsyncServer, "_engineio_server_class", "(self)"),
    (socketio.AsyncServer, "disconnect", "(self, sid, namespace=None, ignore_queue=False)"),
    (async_namespace.AsyncNamespace, "trigger_event", "(self, event, *args)"),
    (socketio.AsyncManager, "disconnect", "(self, sid, namespace, **kwargs)"),
    (socketio.AsyncManager, "trigger_callback", "(self, sid, id, data)"),
    (socketio.AsyncManager, "can_disconnect", "(self, sid, namespace)"),
    (base_manager.BaseManager, "is_connected", "(self, sid, namespace)"),
    (base_manager.BaseManager, "sid_from_eio_sid", "(self, eio_sid, namespace)"),
    (base_manager.BaseManager, "eio_sid_from_sid", "(self, sid, namespace)"),
    (base_manager.BaseManager, "pre_disconnect", "(self, sid, namespace)"),
    (base_manager.BaseManager, "get_namespaces", "(self)"),
    # What we call: python-socketio
    (
        socketio_packet.Packet,
        "__init__",
        "(self, packet_type=2, data=None, namespace=None, id=None, binary=None, encoded_packet=None)",
    ),
    (socketio_packet.Packet, "add_attachment", "(self, attachment)"),
    (socketio_packet.Packet, "encode", "(self)"),
    # What we take from aiohttp
    (RequestHandler, "connection_lost", "(self, exc: BaseException | None) -> None"),
    (web.StreamResponse, "prepare", "(self, request: 'BaseRequest') -> aiohttp.abc.AbstractStreamWriter | None"),
    (web.StreamResponse, "write_eof", "(self, data: bytes = b'') -> None"),
]


def place_of(where: Any, name: str) -> str:
    return f"{where.__name__}.{name}"


@pytest.mark.parametrize(
    ("where", "name", "signature"), SIGNATURES, ids=lambda value: getattr(value, "__name__", value)
)
def test_an_internal_is_where_it_was(where: Any, name: str, signature: str) -> None:
    found = getattr(where, name, None)
    assert found is not None, f"{place_of(where, name)} is gone: server/sockets depends on it"
    assert str(inspect.signature(found)) == signature, f"{place_of(where, name)} has changed: see server/sockets"


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (EngineServer, engineio.AsyncServer),
        (SocketServer, socketio.AsyncServer),
    ],
    ids=lambda kind: kind.__name__,
)
def test_what_we_declare_as_overriding_overrides(ours: type, theirs: type) -> None:
    """mypy cannot see it, for these libraries have no types."""
    declared = [name for name, value in vars(ours).items() if getattr(value, "__override__", False)]
    assert declared
    assert [name for name in declared if not hasattr(theirs, name)] == []


def test_a_coroutine_stays_a_coroutine() -> None:
    for ours in (EngineServer, SocketServer, Connections):
        for name, value in vars(ours).items():
            theirs = getattr(ours.__mro__[1], name, None)
            if inspect.isfunction(value) and inspect.isfunction(theirs):
                assert inspect.iscoroutinefunction(value) == inspect.iscoroutinefunction(theirs), place_of(ours, name)


def test_the_rules_for_origins_look_at_what_they_are_given() -> None:
    """`_environ_of` in server/sockets/engine.py gives them no more of a request than this."""
    rules = (engineio.base_server.BaseServer._cors_allowed_origins, engineio.base_server.BaseServer._cors_headers)
    asked = {
        name for rule in rules for name in re.findall(r"environ(?:\.get\(|\[)\s*'([A-Z_]+)'", inspect.getsource(rule))
    }
    assert asked - {"HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST"} == {
        "REQUEST_METHOD",
        "HTTP_HOST",
        "HTTP_ORIGIN",
        "HTTP_ACCESS_CONTROL_REQUEST_HEADERS",
    }


def test_the_numbers_of_packets_are_the_protocols() -> None:
    assert tuple(range(7)) == (
        packet.OPEN,
        packet.CLOSE,
        packet.PING,
        packet.PONG,
        packet.MESSAGE,
        packet.UPGRADE,
        packet.NOOP,
    )
    assert (socketio_packet.CONNECT, socketio_packet.DISCONNECT, socketio_packet.EVENT, socketio_packet.ACK) == (
        0,
        1,
        2,
        3,
    )
    assert socketio_packet.CONNECT_ERROR == 4


async def registered(_: int) -> None:
    """There are no other nodes."""


async def answered_here(_: web.Request) -> web.StreamResponse | None:
    return None


def socket_server() -> SocketServer:
    return SocketServer(
        Connections(registered, lambda _: None),
        origins=["*"],
        ping_interval_s=25,
        ping_timeout_s=20,
        message_max_bytes=1000,
        make_sid=lambda: "sid",
        forward=answered_here,
        count_refused=lambda _: None,
        queue_max_packets=10,
        queue_max_chars=1000,
        account_max_chars=2000,
    )


def test_a_connection_is_one_to_the_library_from_its_greeting_until_it_leaves() -> None:
    connections = socket_server().connections
    connection = connections.admit(EngineSocket(connections.server.eio, "sid", "127.0.0.1"), "/chat")
    assert not connections.is_connected(connection.sid, "/chat"), "nobody may disconnect what is still let in"
    connection.is_open = True
    assert connections.is_connected(connection.sid, "/chat")
    connections.remove(connection)
    assert not connections.is_connected(connection.sid, "/chat")


@pytest.mark.parametrize(
    ("packet_text", "most"), [("4", BACKLOG_HOLD), ("x" * (UNAUTHENTICATED_MAX_BYTES + 1), 1)], ids=["many", "long"]
)
def test_from_whoever_is_still_let_in_no_more_is_read_than_may_wait(packet_text: str, most: int) -> None:
    sockets = socket_server()
    socket = EngineSocket(sockets.eio, "sid", "127.0.0.1")
    socket.backlog = deque()
    for _ in range(most):
        assert not socket.held
        sockets.on_message(socket, packet_text)
    assert socket.held == JOINING


async def test_a_line_that_is_lost_can_still_be_held() -> None:
    transport = create_autospec(asyncio.Transport, instance=True)
    line = Frames(transport, Mock(spec=FrameListener), message_max_bytes=10, is_full=False, stalled_s=1.0)
    line.connection_lost(None)
    line.hold()
    line.resume_reading()
    await asyncio.sleep(0)
    transport.pause_reading.assert_not_called()
    transport.resume_reading.assert_not_called()


def test_the_server_is_told_of_packets_by_our_sockets() -> None:
    sockets = socket_server()
    assert isinstance(sockets.eio, EngineServer)
    assert sockets.eio.listener is sockets
    assert sockets.eio.start_service_task is False
    assert sockets.eio.http_compression is False
    assert sockets._binary_packet == {}


def test_a_protocol_in_between_is_told_of_all_that_aiohttp_is() -> None:
    """What server/http/held_line.py hands on."""
    called = {name for kind in RequestHandler.__mro__ for name in vars(kind) if name in dir(asyncio.Protocol)}
    assert {"data_received", "eof_received", "connection_lost", "pause_writing", "resume_writing"} <= called


def test_a_connection_is_made_by_what_we_replaced() -> None:
    """What server/http/unreadable.py leans on in aiohttp."""
    slots = {name for kind in RequestHandler.__mro__ for name in getattr(kind, "__slots__", ())}
    assert {"_waiter", "_messages", "_close"} <= slots
    assert "RequestHandler(self, loop=self._loop, **self._kwargs)" in inspect.getsource(web.Server.__call__)
    assert "request_factory=self._make_request" in inspect.getsource(web.Application._make_handler)
    started = inspect.getsource(RequestHandler.start)
    assert "self._waiter = None" in started, "while a request is answered"
    assert "request = self._request_factory(" in started
    assert "self._server = await self._make_server()" in inspect.getsource(web_runner.BaseRunner.setup)


class TestTakingALineOver:
    """What `take_over` in server/sockets/handshake.py leans on in aiohttp."""

    def test_the_handler_of_a_request_still_has_its_parts(self) -> None:
        slots = {name for kind in RequestHandler.__mro__ for name in getattr(kind, "__slots__", ())}
        assert {"transport", "_message_tail"} <= slots
        assert isinstance(RequestHandler.writing_paused, property)

    def test_retiring_it_closes_only_what_it_still_holds(self) -> None:
        lost = inspect.getsource(RequestHandler.connection_lost)
        assert "self._manager.connection_lost(self, exc)" in lost, "the runner waits for it no more"
        assert "self._parser = None" in lost, "or it would parse frames as requests"
        closed = inspect.getsource(RequestHandler.force_close)
        assert "if self.transport is not None:" in closed

    def test_bytes_behind_a_handshake_wait_in_its_tail(self) -> None:
        assert "self._message_tail = tail" in inspect.getsource(RequestHandler.data_received)

    def test_a_mask_is_taken_off_in_place(self) -> None:
        data = bytearray(b"Hello")
        websocket_mask(b"\x01\x02\x03\x04", data)
        assert bytes(data) == bytes(byte ^ mask for byte, mask in zip(b"Hello", b"\x01\x02\x03\x04\x01", strict=True))

    def test_an_answer_is_asked_for_two_things(self) -> None:
        finish = inspect.getsource(RequestHandler.finish_response)
        assert "await prepare_meth(request)" in finish
        assert "await resp.write_eof()" in finish


class TestAnsweringWhatIsNoRequest:
    """What server/http/unreadable.py leans on in aiohttp."""

    def test_the_methods_that_it_replaces_are_called(self) -> None:
        start = inspect.getsource(RequestHandler.start) + inspect.getsource(RequestHandler._handle_request)
        assert "self.log_exception(" in start
        assert "await self.finish_response(request, resp, start_time)" in start
        made = inspect.getsource(RequestHandler._make_error_handler)
        assert "self.handle_error(" in made
        assert "except HTTPException as exc" in start, "an Expect that is refused comes by here"

    def test_a_bad_request_is_noted_among_the_messages(self) -> None:
        received = inspect.getsource(RequestHandler.data_received)
        assert "_ErrInfo(status=400, exc=exc, message=exc.message)" in received
        assert "self._messages.append((msg, payload))" in received
        assert "_current_request" in RequestHandler.__slots__

    def test_a_runner_makes_a_server_of_its_parts(self) -> None:
        assert inspect.iscoroutinefunction(web.AppRunner._make_server)
        made = inspect.getsource(web.Server.__call__)
        assert "RequestHandler(self, loop=self._loop, **self._kwargs)" in made
        assert "self.request_handler = handler" in inspect.getsource(web.Server.__init__)
