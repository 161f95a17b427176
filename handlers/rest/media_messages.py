"""Messages with files on the messaging API (messaging contract 17, rows 36 and 38 to 41)."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from aiohttp import web

from handlers.rest.account_choice import choose_actor, require_token
from handlers.rest.described import Handler, Route
from handlers.rest.links import Links
from handlers.rest.paths import messaging
from handlers.rest.uploads import read_upload, taking
from handlers.wire import messages as wire
from handlers.wire.entries import MEDIA
from handlers.wire.fields import Fields
from handlers.wire.requests import VCARD_MAX_CHARS
from models.documents.entry import Entry, Message
from models.documents.media import Media, MediaKind, MediaRule
from models.documents.session import Actor
from models.documents.target import Target
from models.errors import Malformed, TooLarge
from models.services.fetch_url import FetchUrl
from models.services.require_recipient import RequireRecipient
from models.services.send_message import SendMessage
from models.services.show_typing import ShowTyping
from models.services.store_media import Arrival, StoreMedia

FILE = "filename"  # the field with the file, in every form
CARD_MAX_BYTES = 4 * VCARD_MAX_CHARS  # no character of UTF-8 is longer


@dataclass(frozen=True, slots=True)
class MediaMessageRoutes:
    """A file wins over a URL; either is kept only for who may write there, and recipients load the copy that is kept.

    What a client id has led to once is its answer for ever: nothing is kept or fetched for it again.
    """

    send: SendMessage
    typing: ShowTyping
    require_recipient: RequireRecipient
    store: StoreMedia
    fetch: FetchUrl
    rules: Mapping[MediaKind, MediaRule]
    links: Links

    def routes(self) -> list[Route]:
        return [
            *messaging("POST", "/api/messages/send-image/", self._sending(MediaKind.IMAGE)),
            *messaging("POST", "/api/messages/send-voice/", self._sending(MediaKind.VOICE)),
            *messaging("POST", "/api/messages/send-audio/", self._sending(MediaKind.AUDIO)),
            *messaging("POST", "/api/messages/send-video/", self._sending(MediaKind.VIDEO)),
            *messaging("POST", "/api/messages/send-vcard/", self.send_card),
        ]

    def _sending(self, kind: MediaKind) -> Handler:
        rule = self.rules[kind]

        async def send(request: web.Request) -> web.Response:
            require_token(request)
            async with read_upload(request, FILE, taking(self.store, rule)) as (fields, arrival):
                actor = await choose_actor(request, fields)
                target, message = wire.read_recipient(fields), wire.read_media(fields, kind)
                attempt = wire.read_attempt(fields)
                entry = await self.send.find_sent(actor, target, attempt)
                if entry is None:
                    media = await self._keep(actor, target, fields, arrival, rule)
            if entry is None:
                kept = replace(message, url=MEDIA + media.name, hash=media.hash, mime_type=media.mime_type)
                entry = await self.send(actor, target, kept, attempt)
            return self._sent(request, entry)

        return send

    async def _keep(
        self, actor: Actor, target: Target, fields: Fields, arrival: Arrival | None, rule: MediaRule
    ) -> Media:
        url = wire.read_url(fields) if arrival is None else ""
        await self.require_recipient(actor, target)
        if arrival is not None:
            return await arrival.keep()
        async with self.fetch(url, rule) as fetched:
            return await fetched.keep()

    async def send_card(self, request: web.Request) -> web.Response:
        require_token(request)
        async with read_upload(request, FILE, _card_text) as (fields, text):
            actor = await choose_actor(request, fields)
            target = wire.read_recipient(fields)
            card: Message = wire.read_card(fields if text is None else {**fields, "vcard": text})
        return self._sent(request, await self.send(actor, target, card, wire.read_attempt(fields)))

    def _sent(self, request: web.Request, entry: Entry) -> web.Response:
        self.typing.sent(entry.chat_id, entry.sender_id)
        return web.json_response(wire.show_sent(entry, self.links.shown_in(request)))


@asynccontextmanager
async def _card_text(_: str, content: AsyncIterator[bytes]) -> AsyncIterator[str]:
    card = bytearray()
    async for piece in content:
        card += piece
        if len(card) > CARD_MAX_BYTES:
            raise TooLarge(f"A card may have at most {VCARD_MAX_CHARS} characters.")
    try:
        yield card.decode()
    except UnicodeDecodeError:
        raise Malformed("The card is no text in UTF-8.") from None
