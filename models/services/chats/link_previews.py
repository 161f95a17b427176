"""Makes previews of the links in messages, after these were acknowledged and announced (docs/protocol.md, "Link previews").

The announcer hands over what it has announced and goes on. The queue is in memory alone: a node that crashes in between leaves a few
messages without a preview, and nothing else. A preview is a change of its message, stored in the log like an edit, so it reaches
everybody in the order of the log, and those who were away by `sync`.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Collection
from contextlib import AsyncExitStack
from dataclasses import dataclass
from uuid import uuid4

from models.documents.account import Account
from models.documents.chat import Chat
from models.documents.entry import Draft, Edit, Entry, Message, Previewed
from models.documents.link_preview import LinkPreview, PreviewPicture, find_link, may_have_link
from models.documents.photo import PHOTO_TYPE
from models.documents.url import host_of
from models.errors import DomainError, RateLimited
from models.services.chats.journal import Journal
from models.services.chats.permission import load_pair, require_change_allowed
from models.services.contacts.directory import Directory
from models.services.media.looking import Look, LookAtLinks
from models.services.media.storage import StoreMedia
from models.services.media.unused import RemoveUnusedMedia
from models.services.runtime.token_bucket import TokenBuckets
from models.stores.entries import Entries
from models.stores.link_preview_refusals import LinkPreviewRefusals
from models.stores.members import Members
from models.tasks import BackgroundTasks

log = logging.getLogger(__name__)

WAITING_MAX = 500  # texts and links; beyond that messages have no preview
PER_SENDER = 3  # at once, and one while others wait: somebody's slow sites hold up nobody else's
PER_HOST = 2  # at once: nor does one slow site, whoever sends its links


@dataclass(frozen=True, slots=True)
class AnnouncedText:
    """The text that entry `edit` gave to message `of`; `edit` is 0 for the first text."""

    chat: Chat
    of: int
    edit: int
    sender_id: int
    text: str


@dataclass(frozen=True, slots=True)
class FoundLink:
    """The link in a text, and its host."""

    source: AnnouncedText
    link: str
    host: str


class LinkQueue:
    """The texts of announced messages that may have a link, and the links in them, in the order in which they are looked at."""

    def __init__(self, limit: TokenBuckets) -> None:
        """`limit` bounds how many texts of each sender are searched for a link."""
        self._limit = limit
        self._texts: deque[AnnouncedText] = deque()
        self._links: deque[FoundLink] = deque()
        self.work = asyncio.Event()

    def announced(self, entry: Entry, chat: Chat, _told: Collection[int]) -> None:
        """Called when an entry was announced. Never waits, and leaves the search for a link, which takes time, to `find_next`."""
        match entry.body:
            case Message() if not entry.is_deleted:
                of, edit, text = entry.seq, 0, entry.body.words
            case Edit(of, text):
                edit = entry.seq
            case _:
                return
        if text is None or not may_have_link(text) or len(self._texts) + len(self._links) >= WAITING_MAX:
            return
        try:
            self._limit.take(entry.sender_id)
        except RateLimited:
            return
        self._texts.append(AnnouncedText(chat, of, edit, entry.sender_id, text))
        self.work.set()

    def find_next(self) -> bool:
        """Find the link of the text that has waited longest. Returns False if no text waits."""
        if not self._texts:
            return False
        source = self._texts.popleft()
        link = find_link(source.text)
        if link is not None:
            self._links.append(FoundLink(source, link, host_of(link)))
        return True

    def take(self, under_way: Collection[FoundLink]) -> FoundLink | None:
        """Take off the link to look at next while those `under_way` are; None if there is none.

        It is the first link of the sender with the fewest under way, within PER_SENDER and PER_HOST.
        """
        senders = Counter(each.source.sender_id for each in under_way)
        hosts = Counter(each.host for each in under_way)
        ready = [
            each for each in self._links if senders[each.source.sender_id] < PER_SENDER and hosts[each.host] < PER_HOST
        ]
        found = min(ready, key=lambda each: senders[each.source.sender_id], default=None)
        if found is not None:
            self._links.remove(found)
        return found


class PreviewLinks:
    """Looks at the links of a queue, some at once, and stores what is to be shown of them."""

    def __init__(
        self,
        queue: LinkQueue,
        look: LookAtLinks,
        store: StoreMedia,
        remove_media: RemoveUnusedMedia,
        directory: Directory,
        refusals: LinkPreviewRefusals,
        members: Members,
        entries: Entries,
        journal: Journal,
        *,
        at_once: int,
    ) -> None:
        self._queue = queue
        self._look = look
        self._store = store
        self._remove_media = remove_media
        self._directory = directory
        self._refusals = refusals
        self._members = members
        self._entries = entries
        self._journal = journal
        self._at_once = at_once
        self._under_way: list[FoundLink] = []
        self._tasks = BackgroundTasks()

    async def open(self) -> None:
        self._tasks.keep("link previews", self._run)

    async def close(self) -> None:
        """Leave the links that wait, and those under way, without a preview."""
        await self._tasks.stop()

    async def _run(self) -> None:
        while True:
            await self._queue.work.wait()
            self._queue.work.clear()
            while self._queue.find_next():
                self._start_some()
                await asyncio.sleep(0)  # a text may take a millisecond; everything else comes in between
            self._start_some()

    def _start_some(self) -> None:
        while len(self._under_way) < self._at_once:
            found = self._queue.take(self._under_way)
            if found is None:
                return
            self._under_way.append(found)
            _ = self._tasks.start("link preview", self._preview(found))

    async def _preview(self, found: FoundLink) -> None:
        try:
            await self._look_and_store(found)
        except DomainError as refusal:
            log.debug("a message has no preview: %s", refusal)
        finally:
            self._under_way.remove(found)
            self._queue.work.set()

    async def _look_and_store(self, found: FoundLink) -> None:
        source = found.source
        if await self._refusals.has(source.sender_id):
            return
        sender = await self._directory.require(source.sender_id)
        look = await self._look(found.link, ("link", sender.id))
        if look is None:
            return
        async with AsyncExitStack() as stack:
            preview = await self._show(found.link, look, stack)
            message = await self._find_message(source, sender)
            if message is None:
                return
            body = Previewed(source.of, source.edit, preview)
            # Told to those who are told of the message, as each of its changes.
            draft = Draft(
                source.chat.id,
                sender.id,
                message.number,
                uuid4().hex,
                body,
                message.hidden_from,
                expires_at=message.expires_at,
            )
            stored = await self._journal.append(draft)
            gone = await self._entries.apply(stored.entry)
        if gone:
            await self._remove_media.after(gone)

    async def _show(self, link: str, look: Look, stack: AsyncExitStack) -> LinkPreview:
        """Returns the preview; its picture is held until the stack closes."""
        if look.picture is None:
            return LinkPreview(link, look.site, look.title, look.description)
        media = await stack.enter_async_context(self._store.store(look.picture.data, PHOTO_TYPE))
        picture = PreviewPicture(f"/media/{media.name}", look.picture.placeholder)
        return LinkPreview(link, look.site, look.title, look.description, picture)

    async def _find_message(self, source: AnnouncedText, sender: Account) -> Entry | None:
        """Returns the message while its text is still this one, without a preview, and its sender could still edit it."""
        message = await self._entries.find(source.chat.id, source.of)
        member = await self._members.find_member(source.chat.id, sender.id)
        if message is None or message.is_deleted or message.edit_seq != source.edit:
            return None
        if message.previewed is not None and message.previewed.edit == source.edit:
            return None  # the message was announced again
        if member is None or not member.is_active:
            return None
        try:
            require_change_allowed(await load_pair(self._directory, source.chat, sender.id), message)
        except DomainError:
            return None
        return message
