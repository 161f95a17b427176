"""An audience gets what a turn has for it by one write, in order, slice by slice; whoever left meanwhile gets nothing more."""

import asyncio
from collections.abc import Sequence

from models.documents.session import Actor
from server.bus.listeners import BusListeners
from server.sockets.broadcast import SLICE, BroadcastQueue
from server.sockets.connections import Connection, Connections
from server.sockets.fanout import MESSAGE, SocketFanout
from server.sockets.send_queue import EncodedPacket


class Line:
    """Stands where a client's socket does, and keeps what it is sent."""

    def __init__(self, sid: str) -> None:
        self.sid = sid
        self.writes: list[bytes] = []

    def send(self, packets: Sequence[EncodedPacket], frames: bytes) -> None:
        assert frames == b"".join(packet.frame for packet in packets)
        self.writes.append(frames)

    def offer(self, parcel: EncodedPacket) -> None:
        self.writes.append(parcel.frame)


class Ids:
    """Numbers for connections, as python-engineio makes them."""

    def __init__(self) -> None:
        self.eio = self
        self.last = 0

    def generate_id(self) -> str:
        self.last += 1
        return f"c{self.last}"


async def registered(_: int) -> None:
    """There are no other nodes."""


async def crowd(size: int) -> tuple[Connections, list[Line], list[Connection]]:
    connections = Connections(registered, lambda _: None)
    connections.server = Ids()
    lines = [Line(f"e{number}") for number in range(size)]
    entered = []
    for number, line in enumerate(lines):
        connection = connections.admit(line, "/chat")  # type: ignore[arg-type]
        assert connection is not None
        connection.is_open = True
        await connections.register("/chat", connection.sid, Actor(number, str(number), "s"))
        entered.append(connection)
    return connections, lines, entered


async def turn() -> None:
    await asyncio.sleep(0)


class NoBus:
    """There are no other nodes."""

    def publish(self, *_: object) -> None: ...


async def test_what_a_turn_has_for_an_audience_is_one_write() -> None:
    connections, lines, _ = await crowd(40)
    broadcasts, to = BroadcastQueue(connections), frozenset(range(40))
    first, second = EncodedPacket("4one"), EncodedPacket("4two")
    broadcasts.add("/chat", to, first)
    broadcasts.add("/chat", to, second)
    await turn()
    assert all(line.writes == [first.frame + second.frame] for line in lines)
    assert not broadcasts


async def test_another_audience_in_between_keeps_the_order() -> None:
    connections, lines, _ = await crowd(40)
    broadcasts, everybody, some = BroadcastQueue(connections), frozenset(range(40)), frozenset(range(35))
    packets = [EncodedPacket(f"4{number}") for number in range(3)]
    for to, packet in zip((everybody, some, everybody), packets, strict=True):
        broadcasts.add("/chat", to, packet)
    while broadcasts:
        await turn()
    assert b"".join(lines[0].writes) == b"".join(packet.frame for packet in packets)
    assert b"".join(lines[39].writes) == packets[0].frame + packets[2].frame


async def test_a_large_audience_takes_several_turns_and_nobody_is_left_out() -> None:
    connections, lines, _ = await crowd(2 * SLICE + 7)
    broadcasts, to = BroadcastQueue(connections), range(len(lines))
    broadcasts.add("/chat", to, EncodedPacket("4x"))
    reached = []
    while broadcasts:
        await turn()
        reached.append(sum(map(len, (line.writes for line in lines))))
    assert reached[0] == SLICE
    assert len(reached) >= 3
    assert all(len(line.writes) == 1 for line in lines)


async def test_who_is_sent_away_meanwhile_gets_nothing() -> None:
    connections, lines, entered = await crowd(2 * SLICE)
    broadcasts = BroadcastQueue(connections)
    broadcasts.add("/chat", range(len(lines)), EncodedPacket("4secret"))
    await turn()
    connections.remove(entered[-1])
    while broadcasts:
        await turn()
    assert lines[-2].writes
    assert not lines[-1].writes


async def test_with_much_waiting_slices_grow() -> None:
    connections, lines, _ = await crowd(2 * SLICE)
    broadcasts = BroadcastQueue(connections)
    audiences = [range(start, len(lines)) for start in range(SLICE)]
    for to in audiences:
        broadcasts.add("/chat", to, EncodedPacket("4x"))
    await turn()
    assert sum(len(line.writes) for line in lines) > SLICE
    while broadcasts:
        await turn()
    assert sum(len(line.writes) for line in lines) == sum(map(len, audiences))


async def test_what_comes_while_a_wave_goes_out_travels_together_behind_it() -> None:
    connections, lines, _ = await crowd(2 * SLICE)
    broadcasts, to = BroadcastQueue(connections), frozenset(range(2 * SLICE))
    first, second, third = EncodedPacket("4one"), EncodedPacket("4two"), EncodedPacket("4three")
    broadcasts.add("/chat", to, first)
    await turn()
    broadcasts.add("/chat", to, second)
    await turn()
    broadcasts.add("/chat", to, third)
    while broadcasts:
        await turn()
    assert all(line.writes == [first.frame, second.frame + third.frame] for line in lines)


async def test_what_is_for_few_does_not_overtake_what_is_for_many() -> None:
    connections, lines, _ = await crowd(2 * SLICE)
    fanout, last = SocketFanout(connections, NoBus(), BusListeners()), len(lines) - 1  # type: ignore[arg-type]
    fanout.deliver("/chat", "many", range(len(lines)))
    fanout.deliver("/chat", "one", [last])
    fanout.deliver("/chat", "two", [0, last])
    for _ in range(5):
        await turn()
    many, one, two = (EncodedPacket(MESSAGE + text).frame for text in ("many", "one", "two"))
    assert b"".join(lines[last].writes) == many + one + two
    assert b"".join(lines[0].writes) == many + two


async def test_one_who_cannot_be_sent_to_keeps_nothing_from_the_others() -> None:
    class Broken(Line):
        def send(self, packets: Sequence[EncodedPacket], frames: bytes) -> None:
            raise OSError

    connections, lines, entered = await crowd(40)
    entered[7].socket = Broken("e7")  # type: ignore[assignment]
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    broadcasts = BroadcastQueue(connections)
    broadcasts.add("/chat", range(40), EncodedPacket("4x"))
    for _ in range(3):
        await turn()
    assert all(len(line.writes) == 1 for number, line in enumerate(lines) if number != 7)


async def test_a_request_is_answered_while_a_wave_goes_out() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())
        writer.close()
        await writer.wait_closed()

    connections, lines, _ = await crowd(5000)
    broadcasts = BroadcastQueue(connections)
    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        broadcasts.add("/chat", range(len(lines)), EncodedPacket("4x"))
        await turn()
        writer.write(b"request\n")
        assert await reader.readline() == b"request\n"
        assert broadcasts
        while broadcasts:
            await turn()
        writer.close()
        await writer.wait_closed()
    assert all(len(line.writes) == 1 for line in lines)
