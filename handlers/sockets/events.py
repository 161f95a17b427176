"""`/events`: what changes at the events that somebody owns or is invited to. A client only listens here; it acts by REST."""

from handlers.sockets.base import BaseNamespace
from handlers.wire.sockets.packets import EVENTS


class EventsNamespace(BaseNamespace):
    name = EVENTS
