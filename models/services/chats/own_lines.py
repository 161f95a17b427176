"""Lines of entries that wait to be announced: the one of all chats, and one for each chat in which somebody keeps its own state."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field

from models.documents.entry import Entry, PersonalChange
from models.tasks import BackgroundTasks

AT_ONCE = 16  # own chats whose next entry is applied at the same time


@dataclass(slots=True, eq=False)
class Line:
    """Entries that wait to be announced, in order."""

    entries: deque[Entry] = field(default_factory=deque)
    seen: int = 0  # of the first so many it is known which messages are deleted
    failures: int = 0  # how often the head could not be announced

    def take_off(self) -> Entry:
        """Remove the first entry and return it."""
        self.seen = max(self.seen - 1, 0)
        return self.entries.popleft()


class OwnLines:
    """Announces the entries of chats with oneself in order within a chat, and apart from all other chats.

    Settings and stars are applied before they are announced, by several writes each. In the line of all chats, a few people who save
    drafts would delay every message of the node.
    """

    def __init__(self, tell_first: Callable[[Line], Awaitable[None]], tasks: BackgroundTasks) -> None:
        """`tell_first` announces the first entry of a line, or holds it; it does not take it off."""
        self._tell_first = tell_first
        self._tasks = tasks
        self._lines: dict[int, Line] = {}  # by chat, while anything waits
        self._slots = asyncio.Semaphore(AT_ONCE)

    @property
    def depth(self) -> int:
        """Returns how many entries wait in these lines."""
        return sum(len(line.entries) for line in self._lines.values())

    @property
    def lines(self) -> Collection[Line]:
        return self._lines.values()

    def takes(self, entry: Entry) -> bool:
        """Returns whether an entry belongs into a line of its own: such a change, and what follows one in the same chat."""
        return isinstance(entry.body, PersonalChange) or entry.chat_id in self._lines

    def put(self, entry: Entry) -> None:
        """Append an entry to the line of its chat."""
        line = self._lines.get(entry.chat_id)
        if line is not None:
            line.entries.append(entry)
            return
        self._lines[entry.chat_id] = line = Line(deque([entry]))
        _ = self._tasks.start(f"announcer of own chat {entry.chat_id}", self._run(entry.chat_id, line))

    async def _run(self, chat_id: int, line: Line) -> None:
        try:
            while line.entries:
                async with self._slots:
                    await self._tell_first(line)
                line.take_off()
        finally:
            del self._lines[chat_id]  # at once after the last, so that what comes next is announced behind it
