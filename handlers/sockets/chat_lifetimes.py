"""Requests of `/chat` that set how long messages of a chat stay, and that delete all of a chat for one account."""

from handlers.sockets.base import Answer, Body
from handlers.sockets.client import ClientConnection
from handlers.wire.sockets.chats import show_chat
from handlers.wire.sockets.requests import find_client_id, find_seconds, find_seq, read_target
from models.services.chats.expiry import ClearChat, SetExpiry


class LifetimeRequests:
    """A part of the namespace `/chat`, which gives these services their values."""

    _set_expiry: SetExpiry
    _clear: ClearChat

    async def on_chat_expiry_set(self, client: ClientConnection, body: Body) -> Answer:
        """{chat, expires_after_s or null, client_id?} -> the chat."""
        target, seconds = read_target(body), find_seconds(body, "expires_after_s")
        # In turn: a message that is sent behind this on the same connection has the new time.
        timed = await client.in_turn(self._set_expiry(client.actor, target, seconds, find_client_id(body)))
        return show_chat(timed.chat, timed.peer_number)

    async def on_chat_clear(self, client: ClientConnection, body: Body) -> Answer:
        """{chat, up_to?} -> {chat, up_to}."""
        chat_id, seq = await self._clear(client.actor, read_target(body), find_seq(body, "up_to"))
        return {"chat": chat_id, "up_to": seq}
