"""What is taken out of an outbox because nobody may read it any more counts as little as what was sent."""

from server.sockets.send_queue import Allowance, EncodedPacket, SendQueue


def test_what_is_dropped_counts_for_nobody_and_as_taken() -> None:
    allowance = Allowance(1000)
    outbox, other = SendQueue(10, 1000), SendQueue(10, 1000)
    for each in (outbox, other):
        each.share(allowance)
        each.put(EncodedPacket("42/typing,[]"))
    outbox.put(EncodedPacket("42/chat,[]"))
    outbox.put(EncodedPacket("2"))
    outbox.drop("42/chat,")
    assert allowance.chars == outbox.chars + other.chars
    assert (len(outbox), outbox.taken_count) == (2, 1)
    outbox.take(2)
    assert outbox.taken_count == outbox.put_count
    other.clear()
    assert allowance.chars == 0
