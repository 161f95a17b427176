"""`/presence`: which accounts are online, as far as the asking account may know."""

from typing_extensions import override

from handlers.sockets.base import Answer, BaseNamespace, Body, NamespaceContext
from handlers.sockets.client import ClientConnection
from handlers.wire.fields import find_number
from handlers.wire.sockets.packets import PRESENCE, show_presence
from models.errors import Malformed
from models.services.presence.presence import OFFLINE, ONLINE, WATCHED_MAX, Presence


class PresenceNamespace(BaseNamespace):
    """Sets an account online, and watches contacts."""

    name = PRESENCE

    def __init__(self, context: NamespaceContext, presence: Presence) -> None:
        super().__init__(context)
        self._presence = presence

    @override
    async def joined(self, client: ClientConnection) -> None:
        await self._presence.connect(client.actor, client.connection)

    @override
    def left(self, client: ClientConnection) -> None:
        self._presence.disconnect(client.connection)

    async def on_presence_set(self, client: ClientConnection, body: Body) -> Answer:
        """{status: "online" or "offline"} -> {status, presence: […]} of what this connection watches."""
        status = body.get("status")
        if status not in (ONLINE, OFFLINE):
            raise Malformed('status: must be "online" or "offline".')
        shown = await self._presence.change(client.connection, is_online=status == ONLINE)
        return {"status": status, "presence": [show_presence(one) for one in shown]}

    async def on_presence_watch(self, client: ClientConnection, body: Body) -> Answer:
        """{contacts: [number]} -> {presence: [{contact, status, last_seen}]}; from now on changes come as `presence` events."""
        contacts = body.get("contacts")
        if not isinstance(contacts, list):
            raise Malformed("contacts: must be a list of numbers.")
        if len(contacts) > WATCHED_MAX:
            raise Malformed(f"contacts: at most {WATCHED_MAX}.")
        numbers = [number for contact in contacts if (number := find_number(contact)) is not None]
        return {"presence": [show_presence(one) for one in await self._presence.watch(client.connection, numbers)]}
