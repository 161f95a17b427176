"""Pins what server/sockets uses of python-socketio, python-engineio and aiohttp beyond their documentation.

A failure here after an upgrade means: read the new release, then mend server/sockets, then this list.
"""

import inspect
from typing import Any

import aiohttp
import engineio
import pytest
import socketio
from aiohttp import web
from engineio import async_socket, packet, payload
from engineio.async_drivers import aiohttp as driver
from socketio import async_namespace, base_manager
from socketio import packet as socketio_packet

from server.sockets.connections import Connections
from server.sockets.engine import EngineServer, EngineSocket, PacketQueue
from server.sockets.server import SocketServer

SIGNATURES = [
    # What we replace: python-engineio
    (async_socket.AsyncSocket, "__init__", "(self, server, sid)"),
    (async_socket.AsyncSocket, "close", "(self, wait=True, abort=False, reason=None)"),
    (async_socket.AsyncSocket, "send", "(self, pkt)"),
    (async_socket.AsyncSocket, "poll", "(self)"),
    (async_socket.AsyncSocket, "receive", "(self, pkt)"),
    (async_socket.AsyncSocket, "schedule_ping", "(self)"),
    (async_socket.AsyncSocket, "handle_get_request", "(self, environ)"),
    (async_socket.AsyncSocket, "handle_post_request", "(self, environ)"),
    (async_socket.AsyncSocket, "_websocket_handler", "(self, ws)"),
    (engineio.AsyncServer, "create_queue", "(self, *args, **kwargs)"),
    (engineio.AsyncServer, "_handle_connect", "(self, environ, transport, jsonp_index=None)"),
    (engineio.AsyncServer, "_bad_request", "(self, message=None)"),
    (engineio.AsyncServer, "_log_error_once", "(self, message, message_key)"),
    # What we call: python-engineio
    (engineio.AsyncServer, "handle_request", "(self, *args, **kwargs)"),
    (engineio.AsyncServer, "generate_id", "(self)"),
    (engineio.AsyncServer, "_upgrades", "(self, sid, transport)"),
    (engineio.AsyncServer, "_ok", "(self, packets=None, headers=None, jsonp_index=None)"),
    (engineio.AsyncServer, "_trigger_event", "(self, event, *args, **kwargs)"),
    (engineio.AsyncServer, "_cors_allowed_origins", "(self, environ)"),
    (packet.Packet, "__init__", "(self, packet_type=6, data=None, encoded_packet=None)"),
    (packet.Packet, "encode", "(self, b64=False)"),
    (payload.Payload, "__init__", "(self, packets=None, encoded_payload=None)"),
    # What we replace: python-socketio
    (socketio.AsyncServer, "_engineio_server_class", "(self)"),
    (socketio.AsyncServer, "disconnect", "(self, sid, namespace=None, ignore_queue=False)"),
    (socketio.AsyncServer, "_handle_eio_connect", "(self, eio_sid, environ)"),
    (socketio.AsyncServer, "_handle_eio_message", "(self, eio_sid, data)"),
    (socketio.AsyncServer, "_handle_eio_disconnect", "(self, eio_sid, reason)"),
    (socketio.AsyncServer, "_handle_connect", "(self, eio_sid, namespace, data)"),
    (socketio.AsyncServer, "_handle_disconnect", "(self, eio_sid, namespace, reason=None)"),
    (socketio.AsyncServer, "_handle_event", "(self, eio_sid, namespace, id, data)"),
    (socketio.AsyncServer, "_handle_ack", "(self, eio_sid, namespace, id, data)"),
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
    (driver, "translate_request", "(request)"),
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
        (EngineSocket, async_socket.AsyncSocket),
        (EngineServer, engineio.AsyncServer),
        (SocketServer, socketio.AsyncServer),
        (PacketQueue, PacketQueue.__mro__[1]),
    ],
    ids=lambda kind: kind.__name__,
)
def test_what_we_declare_as_overriding_overrides(ours: type, theirs: type) -> None:
    """mypy cannot see it, for these libraries have no types."""
    declared = [name for name, value in vars(ours).items() if getattr(value, "__override__", False)]
    assert declared
    assert [name for name in declared if not hasattr(theirs, name)] == []


def test_a_coroutine_stays_a_coroutine() -> None:
    for ours in (EngineSocket, EngineServer, SocketServer, Connections):
        for name, value in vars(ours).items():
            theirs = getattr(ours.__mro__[1], name, None)
            if inspect.isfunction(value) and inspect.isfunction(theirs):
                assert inspect.iscoroutinefunction(value) == inspect.iscoroutinefunction(theirs), place_of(ours, name)


def test_the_transport_calls_what_we_replaced() -> None:
    """The names through which python-engineio and python-socketio reach us."""
    request = inspect.getsource(engineio.AsyncServer.handle_request)
    for called in (
        "self._handle_connect(environ, transport,", "socket.handle_get_request(", "socket.handle_post_request(environ)",
        "self._bad_request(", "self._log_error_once(", "self._cors_allowed_origins(environ)", "self._get_socket(sid)",
    ):  # fmt: skip
        assert called in request, called
    message = inspect.getsource(socketio.AsyncServer._handle_eio_message)
    for called in (
        "self._binary_packet[eio_sid]", "self._handle_connect(eio_sid, pkt.namespace, pkt.data)", "self._handle_ack(",
        "self._handle_disconnect(eio_sid, pkt.namespace,", "self._handle_event(eio_sid, pkt.namespace, pkt.id,",
    ):  # fmt: skip
        assert called in message, called
    close = inspect.getsource(async_socket.AsyncSocket.close)
    for called in ("self.server._trigger_event(", "'disconnect', self.sid", "self.send(packet.Packet(packet.CLOSE))"):
        assert called in close, called


def test_the_refusals_of_the_transport_still_have_their_words() -> None:
    """`EngineServer._bad_request` tells them by these, to give them the codes of the reference server."""
    source = inspect.getsource(engineio.AsyncServer.handle_request)
    for words in ("f'Invalid session {sid}'", "'Invalid transport'", "'The client is using an unsupported version"):
        assert words in source, words


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
    assert payload.Payload.max_decode_packets == 4096, "set by server/sockets/engine.py"


def test_messages_of_one_client_are_taken_one_after_the_other() -> None:
    sockets = SocketServer(
        Connections(),
        origins=["*"],
        ping_interval_s=25,
        ping_timeout_s=20,
        frame_max_bytes=1000,
        queue_max_packets=10,
        queue_max_chars=1000,
    )
    assert isinstance(sockets.eio, EngineServer)
    assert sockets.eio.async_handlers is False
    assert sockets.eio.start_service_task is False
    assert sockets.eio.handlers["message"] == sockets._handle_eio_message
    assert sockets.eio.handlers["connect"] == sockets._handle_eio_connect
    assert sockets.eio.handlers["disconnect"] == sockets._handle_eio_disconnect
    assert sockets.eio.http_compression is False


def test_aiohttps_websocket_takes_what_we_give_it() -> None:
    made = inspect.signature(web.WebSocketResponse).parameters
    assert {"max_msg_size", "compress", "timeout"} <= set(made)
    assert {"code", "message"} <= set(inspect.signature(web.WebSocketResponse.close).parameters)
    assert issubclass(web.RequestPayloadError, Exception)
    assert issubclass(aiohttp.ClientConnectionResetError, OSError), "the writer takes OSError for a client that is gone"


def test_a_queue_can_be_bounded_by_more_than_its_length() -> None:
    queue = PacketQueue(2, 10)
    queue.put_nowait(packet.Packet(packet.MESSAGE, "x" * 100))
    assert queue.full(), "one packet of any size fits, a second does not"
    queue.get_nowait()
    assert not queue.full()
    assert queue.chars == 0
    queue.put_nowait(packet.Packet(packet.PING))
    queue.put_nowait(packet.Packet(packet.PING))
    assert queue.full()
