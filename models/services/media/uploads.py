"""Uploads in parts: beginning, going on with and ending them (docs/messaging-api.md, "Uploads in parts")."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial

from models.documents.media import MediaRule, is_stated
from models.documents.upload import Upload
from models.errors import ClientIdReused, Conflict, Malformed, MediaNotFound, RateLimited, TooLarge, Unavailable
from models.ports import Clock
from models.services.media.storage import PendingFile, StoreMedia
from models.stores.uploads import Uploads

AGAIN_MS = 1000
RETRY_AFTER_MS = 60_000  # one of them may have been sent by then, or cancelled


@dataclass(frozen=True, slots=True)
class UploadRules:
    """How many unfinished uploads an account may have, and how many bytes they may announce together."""

    per_account: int
    bytes_per_account: int
    is_enabled: bool = True


@dataclass(frozen=True, slots=True)
class UploadInParts:
    """Receives files over several requests, to any nodes. An upload exists for its own account only.

    When all is there, `open` yields the file as `StoreMedia.receive` does for a form, and the caller makes its message.
    """

    uploads: Uploads
    store: StoreMedia
    rules: UploadRules
    clock: Clock
    opened: set[str] = field(default_factory=set)  # ids of whole ones that are being sent by this node

    async def begin(self, wanted: Upload, rule: MediaRule) -> tuple[Upload, bool]:
        """Begin an upload, or go on with the one that began by the same client id. Returns it, and whether it is new.

        What is said of its message counts as it is said last, so that what was refused can be said better; of its file, as first.

        Raises what a form with such a file would, as far as that is known before its first byte; ClientIdReused if the
        earlier upload is of another file; RateLimited for too many unfinished ones.
        """
        _require_acceptable(wanted, rule)
        wanted = replace(wanted, expires_at=self.clock.now() + self.uploads.kept_for)
        wanted = wanted.as_sent() if wanted.is_sent else wanted
        known = await self.uploads.find(wanted.id)
        if known is None:
            if not wanted.is_sent:
                await self._require_room(wanted)
            known = await self.uploads.add(wanted)
            if known is wanted and not wanted.is_sent:
                await self._keep_if_room(wanted)
        if not known.is_of_same_file(wanted):
            raise ClientIdReused
        if known is not wanted and not known.is_sent and known.fields != wanted.fields:
            await self.uploads.say(known.id, wanted.fields)
            known = replace(known, fields=wanted.fields)
        return known, known is wanted

    async def require(self, account_id: int, upload_id: str) -> Upload:
        """Returns this account's upload. Raises MediaNotFound, also for an upload of somebody else."""
        upload = await self.uploads.find(upload_id)
        if upload is None or upload.account_id != account_id:
            raise MediaNotFound("There is no such upload.")
        return upload

    async def append(self, upload: Upload, offset: int, content: AsyncIterator[bytes]) -> Upload:
        """Store what `content` has from `offset` on. Returns the upload as it is then.

        Raises Conflict for another offset than the upload's; docs of `Uploads.append` say what else.
        """
        if offset != upload.offset:
            raise Conflict(f"The upload is at byte {upload.offset}.")
        if not upload.is_whole:
            return await self.uploads.append(upload, content)
        left = upload.length - offset  # of a whole one the last byte, which is stored already
        async for piece in content:
            left -= len(piece)
            if left < 0:
                raise TooLarge(f"The upload has {upload.length} bytes, and this is more.")
        return upload

    @asynccontextmanager
    async def open(self, upload: Upload, rule: MediaRule) -> AsyncIterator[PendingFile]:
        """Yields the whole file, to one caller on this node at a time: a request of one byte has all of it read.

        Raises what `StoreMedia.receive` raises, Unavailable while another caller has it, and LookupError if the upload is gone.
        """
        if upload.id in self.opened:
            raise Unavailable("This upload is being sent at this moment.", retry_after_ms=AGAIN_MS)
        find_type = partial(rule.require_type, upload.file_name, upload.mime_type)
        content = self.uploads.read(upload)
        self.opened.add(upload.id)
        try:
            async with self.store.receive(content, rule, find_type, upload.file_name, upload.mime_type) as arrived:
                yield arrived
        finally:
            self.opened.discard(upload.id)

    async def finish(self, upload: Upload) -> None:
        """Note that the message is stored, and remove the bytes."""
        await self.uploads.mark_sent(upload)

    async def cancel(self, upload: Upload) -> None:
        await self.uploads.remove(upload.id)

    async def _keep_if_room(self, added: Upload) -> None:
        """Raises RateLimited, and removes what was added, if others that were begun at the same moment took the room."""
        try:
            await self._require_room(added)
        except RateLimited:
            await self.uploads.remove(added.id)
            raise

    async def _require_room(self, wanted: Upload) -> None:
        if not self.rules.is_enabled:
            return
        listed = await self.uploads.list_unfinished(wanted.account_id)
        unfinished = [each for each in listed if each.id != wanted.id]
        announced = sum(each.length for each in unfinished) + wanted.length
        if len(unfinished) >= self.rules.per_account or announced > self.rules.bytes_per_account:
            raise RateLimited(
                "Too many of your uploads are unfinished; finish or cancel one of them.", retry_after_ms=RETRY_AFTER_MS
            )


def _require_acceptable(wanted: Upload, rule: MediaRule) -> None:
    if not wanted.length:
        raise Malformed("The file is empty.")
    if wanted.length >= rule.below_bytes:
        raise TooLarge(f"The file must have fewer than {rule.below_bytes} bytes.")
    if is_stated(wanted.mime_type):  # else its first bytes may tell what it is
        rule.require_type(wanted.file_name, wanted.mime_type)
