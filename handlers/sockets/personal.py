"""The requests of `/chat` about an account's own state: settings of its chats, and stars (docs/protocol.md, "Own state")."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass

from handlers.sockets.base import Answer, Body
from handlers.sockets.client import ClientConnection
from handlers.wire.sockets.requests import (
    find_client_id,
    find_seq,
    read_int,
    read_seq,
    read_switch,
    read_target,
)
from handlers.wire.sockets.settings import read_settings
from handlers.wire.sockets.stars import show_settings_set, show_star_set, show_starred
from models.documents.entry import Stored
from models.services.chats.personal_log import SetChatSettings, StarMessage
from models.services.chats.starred import PAGE_MAX, ListStarred


@dataclass(frozen=True, slots=True)
class PersonalServices:
    """What an account may do for itself."""

    set_settings: SetChatSettings
    star: StarMessage
    list_starred: ListStarred


class PersonalRequests:
    """Requests that a namespace has beside its own."""

    _personal: PersonalServices
    _text_max_chars: int

    def on_chat_settings_set(self, client: ClientConnection, body: Body) -> Awaitable[Answer]:
        """{chat, muted_until?, notify?, archived?, pinned?, marked_unread?, draft?, client_id?} -> {chat, settings, entry}."""
        target, asked = read_target(body), read_settings(body, self._text_max_chars)
        change = self._personal.set_settings.submit(client.actor, target, asked, find_client_id(body))
        return self._finish_settings(client.in_turn(change))

    async def _finish_settings(self, submission: Awaitable["asyncio.Future[Stored]"]) -> Answer:
        return show_settings_set(*await self._personal.set_settings.finish(await submission))

    def on_star_set(self, client: ClientConnection, body: Body) -> Awaitable[Answer]:
        """{chat, seq, starred, client_id?} -> {chat, seq, starred, entry}."""
        target, seq, is_starred = read_target(body), read_seq(body), read_switch(body, "starred")
        star = self._personal.star.submit(client.actor, target, seq, find_client_id(body), is_starred=is_starred)
        return self._finish_star(client.in_turn(star))

    async def _finish_star(self, submission: Awaitable["asyncio.Future[Stored]"]) -> Answer:
        return show_star_set(await self._personal.star.finish(await submission))

    async def on_starred(self, client: ClientConnection, body: Body) -> Answer:
        """{before?, limit <= 200} -> {messages, next}."""
        limit = read_int(body, "limit", 1, PAGE_MAX, 50)
        return show_starred(
            await self._personal.list_starred(client.actor, before=find_seq(body, "before"), limit=limit)
        )
