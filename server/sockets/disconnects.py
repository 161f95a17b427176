"""Every way in which this server closes a client's connection: WebSocket close code, reason, and whether the client should come back.

`docs/protocol.md, "Sessions"` tells clients the same.
"""

from dataclasses import dataclass
from enum import Enum
from struct import Struct

from aiohttp import WSCloseCode

_CODE = Struct("!H").pack


class ComeBack(Enum):
    """When a client should connect again; the values are the words of docs/protocol.md."""

    AT_ONCE = "at once"  # and sync
    LATER = "after a moment"
    SIGNED_IN = "token"  # with a valid one
    NEVER = "client"  # it sent what the protocol forbids, and would do so again
    AS_YOU_LIKE = "as you like"


@dataclass(frozen=True, slots=True)
class Disconnect:
    """One row of the table. Clients tell rows apart by the code; the reason is for people."""

    code: int
    reason: bytes
    come_back: ComeBack

    @property
    def payload(self) -> bytes:
        """Returns the payload of the WebSocket close frame."""
        return _CODE(self.code) + self.reason

    @property
    def is_temporary(self) -> bool:
        """Whether the client should reconnect at once, by itself."""
        return self.come_back is ComeBack.AT_ONCE


def _bad_frame(reason: bytes) -> Disconnect:
    return Disconnect(WSCloseCode.PROTOCOL_ERROR, reason, ComeBack.NEVER)


CLIENT_LEFT = Disconnect(WSCloseCode.OK, b"", ComeBack.AS_YOU_LIKE)

SERVER_RESTARTS = Disconnect(WSCloseCode.GOING_AWAY, b"the server restarts: come back and sync", ComeBack.AT_ONCE)
PING_TIMEOUT = Disconnect(WSCloseCode.GOING_AWAY, b"no answer to a ping", ComeBack.AT_ONCE)
TOO_SLOW = Disconnect(WSCloseCode.TRY_AGAIN_LATER, b"too slow: come back and sync", ComeBack.AT_ONCE)
NODE_GONE = Disconnect(WSCloseCode.SERVICE_RESTART, b"the node of this session is gone", ComeBack.AT_ONCE)
RELAY_ENDS = Disconnect(WSCloseCode.SERVICE_RESTART, b"the way to the node of this session ends", ComeBack.AT_ONCE)
SERVER_FAULT = Disconnect(WSCloseCode.INTERNAL_ERROR, b"try again", ComeBack.LATER)

NOT_SIGNED_IN = Disconnect(WSCloseCode.POLICY_VIOLATION, b"nobody signed in", ComeBack.SIGNED_IN)
SESSION_ENDED = Disconnect(WSCloseCode.POLICY_VIOLATION, b"session ended", ComeBack.SIGNED_IN)
REFUSED_TOO_OFTEN = Disconnect(WSCloseCode.POLICY_VIOLATION, b"refused too often", ComeBack.SIGNED_IN)

MALFORMED_PACKET = Disconnect(WSCloseCode.PROTOCOL_ERROR, b"malformed packet", ComeBack.NEVER)  # of Socket.IO
# Of Engine.IO; the one above is of Socket.IO.
UNREADABLE_PACKET = Disconnect(WSCloseCode.PROTOCOL_ERROR, b"a packet could not be read", ComeBack.NEVER)
NOT_UTF_8 = Disconnect(WSCloseCode.INVALID_TEXT, b"text that is not UTF-8", ComeBack.NEVER)
TOO_LONG = Disconnect(WSCloseCode.MESSAGE_TOO_BIG, b"too long", ComeBack.NEVER)
# Only for clients that poll, which are sent neither code nor reason.
TWO_POLLS = _bad_frame(b"two polls at once")
TWO_REQUESTS = _bad_frame(b"two requests at once")

UNMASKED_FRAME = _bad_frame(b"a frame without a mask")
RESERVED_BITS = _bad_frame(b"reserved bits")
UNKNOWN_OPCODE = _bad_frame(b"an unknown opcode")
BAD_CONTROL_FRAME = _bad_frame(b"a control frame that is long or in fragments")
BAD_FRAGMENT = _bad_frame(b"fragments out of order")
BAD_CLOSE_FRAME = _bad_frame(b"a close frame that says nothing")
