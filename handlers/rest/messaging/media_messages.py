"""Messages with files on the messaging API (docs/messaging-api.md, "Media")."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from aiohttp import web

from handlers.rest.account_choice import choose_actor, require_token
from handlers.rest.described import OperationSpec, Route
from handlers.rest.links import Links
from handlers.rest.messaging.messages import SEND_REFUSALS, find_sent
from handlers.rest.paths import messaging
from handlers.rest.requests import caller_of, require_still
from handlers.rest.uploads import Sent, read_upload, taking
from handlers.wire.fields import Fields
from handlers.wire.messaging import messages as wire
from handlers.wire.messaging.drafts import CardToSend, DocumentToSend, FileToSend, PictureToSend
from handlers.wire.messaging.recipients import ToSomebody
from handlers.wire.messaging.request import parse
from handlers.wire.sockets.requests import VCARD_MAX_CHARS
from models.documents.entry import Entry, Mention
from models.documents.media import MediaKind, MediaRule
from models.documents.session import Actor
from models.errors import DomainError, Malformed, ParticipantNotFound, TooLarge, TooLong, Unavailable, UrlRefused
from models.services.chats.send import RequireRecipient, SendMessage
from models.services.media.fetching import FetchUrl, LimitFetches
from models.services.media.storage import PendingFile, StoreMedia

FILE = "filename"  # the field with the file, in every form
CARD_MAX_BYTES = 4 * VCARD_MAX_CHARS  # no character of UTF-8 is longer than four bytes


@dataclass(frozen=True, slots=True)
class MediaMessageRoutes:
    """Sends messages with files.

    An uploaded file wins over a URL. The file is stored only if the sender may write there, and recipients load the stored copy. A
    client id that was used already gets its first answer again, and nothing is stored or fetched.
    """

    send: SendMessage
    require_recipient: RequireRecipient
    store: StoreMedia
    fetch: FetchUrl
    fetches: LimitFetches
    rules: Mapping[MediaKind, MediaRule]
    links: Links

    def routes(self) -> list[Route]:
        return [
            *messaging(
                "POST", "/api/messages/send-image/", self.send_image, _sending("an image", PictureToSend, "photo.jpg")
            ),
            *messaging(
                "POST", "/api/messages/send-voice/", self.send_voice, _sending("a voice note", FileToSend, "voice.m4a")
            ),
            *messaging(
                "POST", "/api/messages/send-audio/", self.send_audio, _sending("a sound file", FileToSend, "song.mp3")
            ),
            *messaging(
                "POST", "/api/messages/send-video/", self.send_video, _sending("a video", PictureToSend, "video.mp4")
            ),
            *messaging(
                "POST",
                "/api/messages/send-document/",
                self.send_document,
                _sending("a file of any kind", DocumentToSend, "contract.pdf"),
            ),
            *messaging(
                "POST",
                "/api/messages/send-vcard/",
                self.send_card,
                _sending("a contact card", CardToSend, "card.vcf", "vcard"),
            ),
        ]

    async def send_image(self, request: web.Request) -> web.Response:
        return await self._send(request, MediaKind.IMAGE, PictureToSend)

    async def send_voice(self, request: web.Request) -> web.Response:
        return await self._send(request, MediaKind.VOICE, FileToSend)

    async def send_audio(self, request: web.Request) -> web.Response:
        return await self._send(request, MediaKind.AUDIO, FileToSend)

    async def send_video(self, request: web.Request) -> web.Response:
        return await self._send(request, MediaKind.VIDEO, PictureToSend)

    async def send_document(self, request: web.Request) -> web.Response:
        return await self._send(request, MediaKind.DOCUMENT, DocumentToSend)

    async def _send(self, request: web.Request, kind: MediaKind, shape: type[FileToSend]) -> web.Response:
        rule = self.rules[kind]
        require_token(request)
        async with read_upload(request, FILE, taking(self.store, rule)) as (fields, arrival):
            actor = await choose_actor(request, fields)
            try:
                asked = parse(shape, fields)
                mentions = asked.draft(kind).mentions
            except DomainError as refusal:
                return self._sent(request, await find_sent(self.send, actor, fields, refusal))
            entry = await self.send.find_sent(actor, asked.target, asked.client_id)
            if entry is None:
                async with self._arrived(actor, asked, mentions, arrival, rule) as arrived:
                    entry = await send_kept(request, self.send, fields, asked, kind, arrived)
        return self._sent(request, entry)

    @asynccontextmanager
    async def _arrived(
        self,
        actor: Actor,
        asked: FileToSend,
        mentions: Collection[Mention],
        arrival: PendingFile | None,
        rule: MediaRule,
    ) -> AsyncIterator[PendingFile]:
        """Yields the uploaded file, or the file behind the URL, of a message that would not be refused for what its fields say."""
        url = asked.require_url() if arrival is None else ""
        await self.require_recipient(actor, asked.target, mentions)
        if arrival is not None:
            yield arrival
            return
        with self.fetches.one_for(actor):
            async with self.fetch(url, rule) as fetched:
                yield fetched

    async def send_card(self, request: web.Request) -> web.Response:
        require_token(request)
        async with read_upload(request, FILE, _card_text) as (fields, text):
            actor = await choose_actor(request, fields)
            try:
                asked = parse(CardToSend, fields if text is None else {**fields, "vcard": text})
            except DomainError as refusal:
                return self._sent(request, await find_sent(self.send, actor, fields, refusal))
        return self._sent(request, await self.send(actor, asked.target, asked.draft(), asked.client_id))

    def _sent(self, request: web.Request, entry: Entry) -> web.Response:
        return web.json_response(wire.show_sent(entry, self.links.shown_in(request)))


async def send_kept(
    request: web.Request, send: SendMessage, fields: Fields, asked: FileToSend, kind: MediaKind, arrived: PendingFile
) -> Entry:
    """Keep a complete file and send its message, if its sender is still signed in then."""
    media = await arrived.keep(caller_of(request))
    await require_still(request)
    actor = await choose_actor(request, fields)
    message = replace(asked.draft(kind), **arrived.message_fields(media))
    return await send(actor, asked.target, message, asked.client_id)


def _sending(what: str, shape: type[ToSomebody], example: str, instead_of: str = "url") -> OperationSpec:
    of_mentions = (ParticipantNotFound,) if "mentions" in shape.model_fields else ()
    return OperationSpec(
        f"Send {what}.",
        {200: wire.SentShown},
        takes=shape,
        file=FILE,
        file_instead_of=instead_of,
        file_example=example,
        refuses=(
            TooLong,
            TooLarge,
            *of_mentions,
            *(() if instead_of != "url" else (UrlRefused, Unavailable)),
            *SEND_REFUSALS,
        ),
    )


@asynccontextmanager
async def _card_text(_: Sent, content: AsyncIterator[bytes]) -> AsyncIterator[str]:
    card = bytearray()
    async for piece in content:
        card += piece
        if len(card) > CARD_MAX_BYTES:
            raise TooLarge(f"A card may have at most {VCARD_MAX_CHARS} characters.")
    try:
        yield card.decode()
    except UnicodeDecodeError:
        raise Malformed("The card is no text in UTF-8.") from None
