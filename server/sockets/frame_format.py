"""The format of WebSocket frames (RFC 6455, section 5), apart from any connection."""

from struct import Struct

from server.sockets import disconnects
from server.sockets.disconnects import Disconnect

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
CONTROL_MAX_BYTES = 125
HEAD_MAX_BYTES = 14
FINAL, RESERVED, MASKED = 0x80, 0x70, 0x80

_SIZE_16, _SIZE_64 = Struct("!BBH").pack, Struct("!BBQ").pack
_CODE = Struct("!H")
# Codes that a close frame may carry (RFC 6455, section 7.4), and those for applications.
_CLOSE_CODES = frozenset({1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014})
_APPLICATION_CODES = range(3000, 5000)


def frame_of(data: bytes, opcode: int = TEXT) -> bytes:
    """Returns one unmasked final frame, as servers send them."""
    size = len(data)
    if size <= CONTROL_MAX_BYTES:
        return bytes((FINAL | opcode, size)) + data
    head = _SIZE_16(FINAL | opcode, 126, size) if size < 2**16 else _SIZE_64(FINAL | opcode, 127, size)
    return head + data


def bytes_needed(begun: bytearray) -> int:
    """Returns the length of a frame of which this is the beginning, as far as that is known."""
    length = len(begun)
    size = begun[1] & ~MASKED if length > 1 else 0
    head = 6 if size <= CONTROL_MAX_BYTES else 8 if size == 126 else HEAD_MAX_BYTES
    if size > CONTROL_MAX_BYTES:
        size = int.from_bytes(begun[2 : head - 4], "big") if length >= head else 0
    return head + size


def what_is_wrong_with_close(payload: bytes) -> Disconnect | None:
    """Returns the reason to refuse a close frame that a client sent, or None."""
    code = _CODE.unpack_from(payload)[0] if len(payload) >= 2 else None
    is_known = code is None or code in _CLOSE_CODES or code in _APPLICATION_CODES
    if len(payload) == 1 or not is_known:
        return disconnects.BAD_CLOSE_FRAME
    return None if _is_text(payload[2:]) else disconnects.NOT_UTF_8


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
