"""Requests whose order matters are admitted in the order in which a connection sent them, whichever way each of them goes."""

import asyncio

from handlers.sockets.client import ClientConnection
from models.documents.session import Actor


async def test_what_waits_is_done_in_order_and_then_the_connection_is_free_again() -> None:
    caller = ClientConnection("c", Actor(1, "1", "s"), "token")
    done: list[int] = []
    may_go_on = asyncio.Event()

    async def work(number: int) -> int:
        if number == 0:
            await may_go_on.wait()
        done.append(number)
        return number

    assert caller.is_first
    results = [caller.in_turn(work(number)) for number in range(5)]
    assert not caller.is_first
    await asyncio.sleep(0)
    assert done == [], "nothing overtakes the first"
    may_go_on.set()
    assert await asyncio.gather(*results) == [0, 1, 2, 3, 4]
    assert done == [0, 1, 2, 3, 4]
    assert caller.is_first


async def test_one_that_fails_fails_alone() -> None:
    caller = ClientConnection("c", Actor(1, "1", "s"), "token")

    async def work(number: int) -> int:
        return 6 // number

    answers = await asyncio.gather(*(caller.in_turn(work(number)) for number in (3, 0, 2)), return_exceptions=True)
    assert (answers[0], answers[2]) == (2, 3)
    assert isinstance(answers[1], ZeroDivisionError)
    assert caller.is_first
