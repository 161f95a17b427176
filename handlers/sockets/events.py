"""`/events`: changes of the calendar events that an account owns or is invited to. Clients only listen here, and act by REST."""

from handlers.sockets.base import BaseNamespace
from handlers.wire.sockets.packets import EVENTS


class EventsNamespace(BaseNamespace):
    """Has no requests."""

    name = EVENTS
