"""The functions that the bus calls when something arrives: a list for each kind, made before the bus and passed to both sides."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Generic, ParamSpec

from models.facts import Invalidation

P = ParamSpec("P")


class Listeners(Generic[P]):
    """Functions that are called with the same arguments, in the order in which they were added."""

    __slots__ = ("_functions",)

    def __init__(self) -> None:
        self._functions: list[Callable[P, None]] = []

    def add(self, function: Callable[P, None]) -> None:
        """Call this function too, from now on."""
        self._functions.append(function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Call all of them. Raises the first failure when the others have been called too."""
        failure: Exception | None = None
        for function in self._functions:
            try:
                function(*args, **kwargs)
            except Exception as error:  # noqa: BLE001 (raised below)
                failure = failure or error
        if failure is not None:
            raise failure


@dataclass(frozen=True, slots=True)
class BusListeners:
    """One list for each thing that a node can learn from the bus.

    `packet`: namespace, encoded Socket.IO packet and account ids to deliver to.
    `signal`: an invalidation, from this node or another.
    `gap`: account ids that may have missed packets, or None for all of them.
    `node_met`: another node is there that this one did not know.
    `node_died`: another node ended and may have stored something that it announced to nobody.
    `lease_lost`: this node's lease had expired, so the others had given it up.
    """

    packet: Listeners[str, str, Collection[int]] = field(default_factory=Listeners)
    signal: Listeners[Invalidation] = field(default_factory=Listeners)
    gap: Listeners[Collection[int] | None] = field(default_factory=Listeners)
    node_met: Listeners[[]] = field(default_factory=Listeners)
    node_died: Listeners[[]] = field(default_factory=Listeners)
    lease_lost: Listeners[[]] = field(default_factory=Listeners)
