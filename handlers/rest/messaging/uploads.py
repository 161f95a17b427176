"""Uploads in parts by tus 1.0.0 (https://tus.io/protocols/resumable-upload): an upload that breaks goes on where it broke.

The core of the protocol, with its extensions creation, expiration and termination (docs/messaging-api.md, "Uploads in parts").
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any

from aiohttp import hdrs, web

from handlers.rest.account_choice import choose_actor, named_account, require_account, require_token
from handlers.rest.described import OperationSpec, Route
from handlers.rest.forms import readable
from handlers.rest.links import Links
from handlers.rest.messaging.media_messages import send_kept
from handlers.rest.messaging.messages import SEND_REFUSALS
from handlers.rest.paths import messaging
from handlers.rest.requests import read_fields, require_still
from handlers.wire.fields import Fields
from handlers.wire.messaging import uploads as wire
from handlers.wire.messaging.drafts import SHAPES, FileToSend
from handlers.wire.messaging.request import parse
from models.documents.entry import Entry
from models.documents.media import MediaKind, MediaRule
from models.documents.session import Actor
from models.documents.upload import Upload, upload_id
from models.errors import (
    Conflict,
    Malformed,
    MediaNotFound,
    ParticipantNotFound,
    TooLarge,
    TooLong,
    Unavailable,
    UnsupportedVersion,
)
from models.services.chats.send import RequireRecipient, SendMessage
from models.services.media.uploads import UploadInParts

PATH = "/api/messages/uploads/"
_UPLOAD = PATH + "{upload:[0-9a-f]+}/"
VERSION = "1.0.0"
STREAM = "application/offset+octet-stream"
RESUMABLE, OFFSET, LENGTH, METADATA, EXPIRES = (
    "Tus-Resumable",
    "Upload-Offset",
    "Upload-Length",
    "Upload-Metadata",
    "Upload-Expires",
)
EXTENSIONS = "creation,expiration,termination"
NOT_KEPT: Mapping[str, str] = {hdrs.CACHE_CONTROL: "no-store"}
_OFFSET_MAX_DIGITS = 16


def _head(name: str, about: str, schema: Mapping[str, Any], *, required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": about, "required": required, "schema": schema}


_RESUMABLE_HEAD = _head(RESUMABLE, "The version of tus that you speak.", {"type": "string", "examples": [VERSION]})
_OFFSET_HEAD = _head(
    OFFSET,
    "The byte of the file with which the body begins.",
    {"type": "integer", "minimum": 0, "examples": [0]},
    required=True,
)
_ABOUT = (
    "An upload by tus 1.0.0 (creation, expiration, termination), from any of its clients: the fields may be sent as `Upload-Metadata` and "
    "`Upload-Length`. Begun again with the same `client_id` it is the same upload: send on from its `offset`."
)


@dataclass(frozen=True, slots=True)
class UploadRoutes:
    """Uploads in parts. A whole upload becomes a message as a form with the same file and fields would (media_messages.py)."""

    uploads: UploadInParts
    send: SendMessage
    require_recipient: RequireRecipient
    rules: Mapping[MediaKind, MediaRule]
    links: Links

    def routes(self) -> list[Route]:
        refuses = (TooLong, TooLarge, UnsupportedVersion, ParticipantNotFound, *SEND_REFUSALS)
        return [
            *messaging(
                "POST",
                PATH,
                self.begin,
                OperationSpec(
                    "Begin an upload in parts, or go on with it.",
                    {200: wire.UploadShown, 201: wire.UploadShown},
                    takes=wire.FileToUpload,
                    refuses=refuses,
                    description=_ABOUT,
                    headers=(_RESUMABLE_HEAD,),
                ),
            ),
            *messaging(
                "GET",
                _UPLOAD,
                self.show,
                OperationSpec(
                    "How far an upload is, and the message that it has become.",
                    {200: wire.UploadShown},
                    refuses=(MediaNotFound, UnsupportedVersion),
                    headers=(_RESUMABLE_HEAD,),
                ),
            ),
            *messaging(
                "PATCH",
                _UPLOAD,
                self.append,
                OperationSpec(
                    "Send a part of the file, or all that is left of it.",
                    {204: None},
                    stream=STREAM,
                    file_example="film.mp4",
                    refuses=(MediaNotFound, Conflict, Unavailable, *refuses),
                    description="With the last part the message is sent. If the line breaks, ask how far the upload is.",
                    headers=(_RESUMABLE_HEAD, _OFFSET_HEAD),
                ),
            ),
            *messaging(
                "DELETE",
                _UPLOAD,
                self.cancel,
                OperationSpec(
                    "Cancel an upload. A message that it has become stays.",
                    {204: None},
                    refuses=(MediaNotFound, UnsupportedVersion),
                    headers=(_RESUMABLE_HEAD,),
                ),
            ),
        ]

    async def begin(self, request: web.Request) -> web.Response:
        require_token(request)
        _require_version(request)
        fields = {**await read_fields(request), **wire.read_metadata(request.headers.get(METADATA, ""))}
        if LENGTH in request.headers:
            fields["length"] = request.headers[LENGTH]
        actor = await choose_actor(request, fields)
        asked = parse(wire.FileToUpload, fields)
        of_message = wire.message_fields(asked.kind, fields, asked.client_id)
        message = parse(SHAPES[asked.kind], of_message).draft(asked.kind)  # refused before the file has come
        entry = await self.send.find_sent(actor, asked.target, asked.client_id)
        if entry is None:
            await self.require_recipient(actor, asked.target, message.mentions)
        upload, is_new = await self.uploads.begin(
            Upload(
                upload_id(actor.account_id, asked.target, asked.client_id),
                actor.account_id,
                asked.kind,
                asked.length,
                asked.filename,
                asked.filetype,
                wire.kept_fields(of_message, message.mentions),
                is_sent=entry is not None,
            ),
            self.rules[asked.kind],
        )
        if entry is not None and not upload.is_sent:
            await self.uploads.finish(upload)
            upload = await self.uploads.require(actor.account_id, upload.id)
        status = HTTPStatus.CREATED if is_new else HTTPStatus.OK
        return self._show(request, fields, upload, entry, status=status)

    async def show(self, request: web.Request) -> web.Response:
        _require_version(request)
        actor = await require_account(request)
        upload = await self._require(request, actor)
        entry = None
        if upload.is_sent:
            asked = _message_of(upload)
            entry = await self.send.find_sent(actor, asked.target, asked.client_id)
        return self._show(request, {}, upload, entry)

    async def append(self, request: web.Request) -> web.Response:
        require_token(request)
        _require_version(request)
        actor = await choose_actor(request, {})
        upload = await self._require(request, actor)
        if request.content_type != STREAM:
            raise web.HTTPUnsupportedMediaType
        offset = _offset_of(request)
        if offset + (request.content_length or 0) > upload.length:
            raise TooLarge(f"The upload has {upload.length} bytes, and this is more.")
        upload = await self.uploads.append(upload, offset, _stream(request))
        await require_still(request)
        if upload.is_whole and not upload.is_sent:
            await self._send(request, actor, upload)
            upload = await self._require(request, actor)
        return web.Response(status=HTTPStatus.NO_CONTENT, headers=_progress(upload))

    async def cancel(self, request: web.Request) -> web.Response:
        _require_version(request)
        actor = await require_account(request)
        await self.uploads.cancel(await self._require(request, actor))
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def _send(self, request: web.Request, actor: Actor, upload: Upload) -> None:
        """Send the message of a whole upload, if that was not done before."""
        asked, rule = _message_of(upload), self.rules[upload.kind]
        if await self.send.find_sent(actor, asked.target, asked.client_id) is None:
            await self.require_recipient(actor, asked.target, asked.draft(upload.kind).mentions)
            try:
                async with self.uploads.open(upload, rule) as arrived:
                    await send_kept(request, self.send, upload.fields, asked, upload.kind, arrived)
            except LookupError:
                raise Unavailable from None  # another request has sent it, or cancelled it, meanwhile
            except (Malformed, TooLarge) as refusal:
                if type(refusal) in (Malformed, TooLarge):  # the file itself is refused, and would be each time
                    await self.uploads.cancel(upload)
                raise
        await self.uploads.finish(upload)

    async def _require(self, request: web.Request, actor: Actor) -> Upload:
        return await self.uploads.require(actor.account_id, request.match_info["upload"])

    def _show(
        self, request: web.Request, fields: Fields, upload: Upload, entry: Entry | None, *, status: int = HTTPStatus.OK
    ) -> web.Response:
        path = f"{PATH}{upload.id}/"
        number = named_account(request, fields)
        url = self.links.absolute(request, path if number is None else f"{path}?account={number}")
        headers: dict[str, str] = {hdrs.LOCATION: url, LENGTH: str(upload.length), **_progress(upload), **NOT_KEPT}
        shown = wire.show_upload(upload, url, entry, self.links.shown_in(request))
        return web.json_response(shown, status=status, headers=headers)


def show_protocol(rules: Mapping[MediaKind, MediaRule]) -> Any:
    """Returns what adds the headers that tus has in each answer, refusals included, before an answer is sent."""
    most = str(max(rule.below_bytes for rule in rules.values()) - 1)

    async def show(request: web.Request, response: web.StreamResponse) -> None:
        if not request.path.startswith(PATH.rstrip("/")):
            return
        response.headers[RESUMABLE] = VERSION
        if request.method == hdrs.METH_OPTIONS or response.status == HTTPStatus.PRECONDITION_FAILED:
            response.headers.update({"Tus-Version": VERSION, "Tus-Extension": EXTENSIONS, "Tus-Max-Size": most})

    return show


def _message_of(upload: Upload) -> FileToSend:
    return parse(SHAPES[upload.kind], upload.fields)


def _require_version(request: web.Request) -> None:
    """Raises UnsupportedVersion for another version of tus; a request that names none is taken for one of this."""
    if request.headers.get(RESUMABLE, VERSION) != VERSION:
        raise UnsupportedVersion


def _offset_of(request: web.Request) -> int:
    said = request.headers.get(OFFSET, "")
    if not (said.isascii() and said.isdigit() and len(said) <= _OFFSET_MAX_DIGITS):
        raise Malformed(f"{OFFSET} must be the byte with which this part begins.")
    return int(said)


def _progress(upload: Upload) -> dict[str, str]:
    expires_at = format_datetime(upload.expires_at.astimezone(UTC), usegmt=True)
    return {OFFSET: str(upload.offset), EXPIRES: expires_at}


async def _stream(request: web.Request) -> AsyncIterator[bytes]:
    """Yields the body as it comes. Raises Malformed if it breaks off, and HTTP 408 if it does not come."""
    while True:
        with readable():
            piece = await request.content.readany()
        if not piece:
            return
        yield piece
