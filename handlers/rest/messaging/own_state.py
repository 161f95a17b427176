"""An account's own state on the messaging API: settings of chats, and stars (docs/messaging-api.md, "Own state")."""

from dataclasses import dataclass
from uuid import uuid4

import orjson
from aiohttp import web

from handlers.rest.account_choice import read_as_account
from handlers.rest.described import OperationSpec, Route
from handlers.rest.paths import messaging
from handlers.rest.requests import path_chat, path_message, read_query
from handlers.wire.messaging.own_state import SettingsWanted, StarredAsked, StarWanted
from handlers.wire.messaging.request import parse
from handlers.wire.sockets.stars import (
    SettingsSetShown,
    StarredShown,
    StarSetShown,
    show_settings_set,
    show_star_set,
    show_starred,
)
from models.errors import ChatNotFound, ClientIdReused, MessageDeleted, MessageNotFound, RateLimited, TooLong
from models.services.chats.personal_log import SetChatSettings, StarMessage
from models.services.chats.starred import ListStarred


@dataclass(frozen=True, slots=True)
class OwnStateRoutes:
    """The services are those of the sockets, so devices with a socket are told of what is set here."""

    set_settings: SetChatSettings
    star: StarMessage
    list_starred: ListStarred
    text_max_chars: int

    def routes(self) -> list[Route]:
        return [
            *messaging(
                "PATCH",
                "/api/chats/{chat_id:[0-9]+}/settings/",
                self.change_settings,
                OperationSpec(
                    "Mute, archive or pin a chat, mark it as unread, or keep a draft.",
                    {200: SettingsSetShown},
                    takes=SettingsWanted,
                    refuses=(TooLong, ChatNotFound, ClientIdReused, RateLimited),
                    description="For yourself, on all of your devices. What is not named stays as it is. The answer has what differs from "
                    "the default.",
                ),
            ),
            *messaging(
                "POST",
                "/api/messages/{message_id:[0-9A-Fa-f]{22}}/star/",
                self.set_star,
                OperationSpec(
                    "Mark a message with a star, or take it back.",
                    {200: StarSetShown},
                    takes=StarWanted,
                    refuses=(ChatNotFound, MessageNotFound, MessageDeleted, ClientIdReused, RateLimited),
                ),
            ),
            *messaging(
                "GET",
                "/api/messages/starred/",
                self.show_starred,
                OperationSpec(
                    "The messages that you marked with a star.",
                    {200: StarredShown},
                    query=StarredAsked,
                    description="The one that was marked last comes first. Messages that you may not see any more are left out, so a page "
                    "may be short; while `next` is a number, ask again with it as `before`. Addresses of files are relative to this server.",
                ),
            ),
        ]

    async def change_settings(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        wanted = parse(SettingsWanted, fields)
        asked, client_id = wanted.asked(self.text_max_chars), wanted.client_id or uuid4().hex
        return _show(show_settings_set(*await self.set_settings(actor, path_chat(request), asked, client_id)))

    async def set_star(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        wanted = parse(StarWanted, fields)
        chat, seq = path_message(request)
        client_id = wanted.client_id or uuid4().hex
        return _show(show_star_set(await self.star(actor, chat, seq, client_id, is_starred=wanted.starred)))

    async def show_starred(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        asked = parse(StarredAsked, {**fields, **read_query(request)})
        return _show(show_starred(await self.list_starred(actor, before=asked.before, limit=asked.limit)))


def _show(shown: dict[str, object]) -> web.Response:
    return web.json_response(text=orjson.dumps(shown).decode())
