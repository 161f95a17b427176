"""Pushes messages of chats to the devices of members who hold no socket on any node.

This is off the message path: the announcer hands over what it has announced and goes on. The queue is in memory alone, so a node that
crashes between an acknowledgement and this loses a few pushes; `sync` finds the messages themselves. A client whose line broke without
a word counts as connected until the server notices (`sockets.ping_timeout_s`).
"""

import asyncio
import logging
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from models.documents.account import NAME_MAX_CHARS
from models.documents.chat import SUBJECT_MAX_CHARS, Chat, ChatKind
from models.documents.chat_settings import DEFAULTS, ChatSettings
from models.documents.entry import Entry, Message, mentioned_accounts
from models.documents.notification import ALERT_MAX_CHARS, MESSAGE, Notification, Scalar, shortened
from models.documents.plain_line import one_line, quoted
from models.errors import AccountNotFound
from models.languages.language import Language, gettext_noop
from models.ports import ConnectedAccounts
from models.services.contacts.directory import Directory
from models.services.notifications.queue import Notify
from models.stores.languages import Languages
from models.stores.lifetimes import TIMERS_ALONE, Lifetimes
from models.stores.members import Members
from models.tasks import BackgroundTasks

log = logging.getLogger(__name__)

# Messages; about ten seconds of the fastest node. Beyond that pushes are dropped, and memory stays bounded.
WAITING_MAX = 10_000
AT_ONCE = 200  # messages per query of devices
RETRY_S = 0.5
WORDS_LOOKED_AT = 4 * ALERT_MAX_CHARS  # of a long message; no alert shows more
TRIES = 60
PATIENCE_S = 1.0
A_MESSAGE = gettext_noop("a new message")
TO_ALL = gettext_noop("{who}: {text}"), gettext_noop("{who} @ {group}: {text}")
TO_MENTIONED = gettext_noop("{who} mentioned you: {text}"), gettext_noop("{who} mentioned you @ {group}: {text}")
# stands for a message without text (docs/messaging-api.md, "Chat list")
WORDS = {
    "i": gettext_noop("a photo"),
    "l": gettext_noop("a location"),
    "s": gettext_noop("a voice message"),
    "a": gettext_noop("an audio file"),
    "v": gettext_noop("a video"),
    "c": gettext_noop("a contact"),
    "d": gettext_noop("a file"),
}


Place = tuple[int, int]  # chat id, account id


@dataclass(frozen=True, slots=True)
class _Told:
    entry: Entry
    message: Message
    chat: Chat
    members: Collection[int]

    def readers_among(self, away: set[int]) -> set[int]:
        """Returns those of these accounts that may be told of the message."""
        kept_from = {self.entry.sender_id, *self.entry.hidden_from}
        return {each for each in away if each in self.members and each not in kept_from}

    def wanted_by(self, account_id: int, settings: Mapping[Place, ChatSettings]) -> bool:
        """Returns whether an account wants a push of it, by these settings of the chat."""
        own = settings.get((self.chat.id, account_id), DEFAULTS)
        return own.wants_push(self.entry.at, is_mentioned=account_id in mentioned_accounts(self.entry))


class PushMessages:
    """One task and one queue."""

    def __init__(
        self,
        directory: Directory,
        languages: Languages,
        sockets: ConnectedAccounts,
        notify: Notify,
        members: Members,
        *,
        has_preview: bool,
        lifetimes: Lifetimes = TIMERS_ALONE,
    ) -> None:
        self._directory = directory
        self._languages = languages
        self._sockets = sockets
        self._notify = notify
        self._members = members
        self._has_preview = has_preview
        self._lifetimes = lifetimes
        self._queue: deque[_Told] = deque()
        self._work = asyncio.Event()
        self._is_full = False
        self._tasks = BackgroundTasks()

    async def open(self) -> None:
        self._tasks.keep("message pushes", self._run)

    async def close(self) -> None:
        """Queues what was announced; waits only for a moment."""
        if self._tasks.is_running:
            for _ in range(int(PATIENCE_S / 0.01)):
                if not self._queue:
                    break
                await asyncio.sleep(0.01)
            await self._tasks.stop()

    def announced(self, entry: Entry, chat: Chat, members: Collection[int]) -> None:
        """Called when an entry was announced to these accounts. Never waits."""
        if not (self._notify.is_push_on and isinstance(entry.body, Message)) or entry.is_deleted:
            return
        if len(self._queue) >= WAITING_MAX:
            if not self._is_full:
                log.warning("more messages than can be pushed: some are found only by opening the app")
            self._is_full = True
            return
        self._queue.append(_Told(entry, entry.body, chat, members))
        self._work.set()

    async def _run(self) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            while self._queue:
                batch = [self._queue[n] for n in range(min(len(self._queue), AT_ONCE))]
                await self._push_surely(batch)
                for _ in batch:
                    self._queue.popleft()
            self._is_full = False

    async def _push_surely(self, batch: Sequence[_Told]) -> None:
        for _ in range(TRIES):
            try:
                await self._push(batch)
            except Exception as error:  # noqa: BLE001 (tried again)
                log.warning("pushes of %d messages wait: %s", len(batch), type(error).__name__)
                await asyncio.sleep(RETRY_S)
            else:
                return
        log.error("%d messages were not pushed", len(batch))

    async def _push(self, batch: Sequence[_Told]) -> None:
        # The messages of a chat share their members: each such audience is asked about once.
        audiences = {id(told.members): told.members for told in batch}
        reachable = await self._notify.list_reachable(set[int]().union(*audiences.values()))
        away = reachable - await self._sockets.list_connected(reachable)
        if not away:
            return
        readers = [(told, told.readers_among(away)) for told in batch]
        places = {(told.chat.id, each) for told, those in readers for each in those}
        settings = await self._members.list_settings(places)
        known = await self._languages.map_by_ids({*away, *(told.entry.sender_id for told in batch)})
        notifications: list[Notification] = []
        for told, those in readers:
            wanted = {each for each in those if told.wanted_by(each, settings)}
            notifications += await self._compose(told, wanted, known)
        await self._notify.push(notifications)

    async def _compose(self, told: _Told, recipients: set[int], known: Mapping[int, str]) -> list[Notification]:
        """`known` are languages by account."""
        if not recipients or self._lifetimes.is_over(told.entry):
            return []
        entry, chat = told.entry, told.chat
        name, of_sender = await self._name(told.entry), known.get(entry.sender_id, "")
        mentioned = mentioned_accounts(entry)
        readers = {each: (Language.of(known.get(each, ""), of_sender), each in mentioned) for each in recipients}
        alerts = {
            (language, is_mentioned): self._alerts(language, told, name, is_mentioned=is_mentioned)
            for language, is_mentioned in set(readers.values())
        }
        data: dict[str, Scalar] = {"chat": chat.id, "seq": entry.seq, "id": entry.public_id, "from": entry.number}
        if chat.group is not None:
            data["group"] = chat.group
        if chat.event_id is not None:
            data["event_id"] = chat.event_id
        return [
            Notification(
                key=f"{MESSAGE} {entry.public_id} {account_id}",
                account_id=account_id,
                alert=alerts[reader][0],
                type=MESSAGE,
                at=entry.at,
                data=data | {"mentioned": True} if reader[1] else data,
                collapse=f"chat {chat.id}",
                unquoted=alerts[reader][1],
                until=self._lifetimes.end_of(entry),
            )
            for account_id, reader in readers.items()
        ]

    async def _name(self, entry: Entry) -> str:
        try:
            name = one_line((await self._directory.require(entry.sender_id)).name)
        except AccountNotFound:
            name = ""
        return quoted(name or entry.number, NAME_MAX_CHARS)

    def _alerts(self, reader: Language, told: _Told, name: str, *, is_mentioned: bool) -> tuple[str, str]:
        """Returns what a screen shows, with and without a quote of the message."""
        alone, in_group = TO_MENTIONED if is_mentioned else TO_ALL
        chat = told.chat
        # Some of the members may have left since; how the chat was named later is not for them.
        is_named = chat.kind is not ChatKind.DIRECT and chat.subject_seq <= told.entry.seq
        subject = quoted(chat.subject, SUBJECT_MAX_CHARS) if is_named else ""

        def say(text: str) -> str:
            if not subject:
                return shortened(reader.gettext(alone, who=name, text=text))
            return shortened(reader.gettext(in_group, who=name, group=subject, text=text))

        unquoted = say(reader.gettext(A_MESSAGE))
        if not self._has_preview:
            return unquoted, unquoted
        words = one_line((told.message.title or "")[:WORDS_LOOKED_AT])
        if told.message.poll is not None:
            return say(reader.gettext("a poll: {question}", question=quoted(words, ALERT_MAX_CHARS))), unquoted
        return say(
            quoted(words, ALERT_MAX_CHARS) if words else reader.gettext(WORDS.get(told.message.type, A_MESSAGE))
        ), unquoted
