"""The events API's own doors: users, devices, events, and the pages of an invitation."""

from handlers.rest.described import Route
from server.wiring.domain import Domain


def events_routes(domain: Domain) -> list[Route]:  # noqa: ARG001
    return []
