"""A listener of the bus that fails keeps nothing from the others, and is not overlooked."""

import pytest

from server.bus.listeners import Listeners


def test_all_listeners_are_called_in_the_order_in_which_they_were_added() -> None:
    called: list[tuple[str, int]] = []
    listeners = Listeners[int]()
    listeners.add(lambda number: called.append(("first", number)))
    listeners.add(lambda number: called.append(("second", number)))
    listeners(7)
    assert called == [("first", 7), ("second", 7)]


def test_a_failure_stops_no_other_listener_and_is_raised_in_the_end() -> None:
    called: list[int] = []

    def fail(_: int) -> None:
        raise LookupError("first")

    listeners = Listeners[int]()
    listeners.add(fail)
    listeners.add(called.append)
    with pytest.raises(LookupError, match="first"):
        listeners(7)
    assert called == [7]
