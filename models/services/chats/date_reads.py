"""Remembers when read marks of direct chats moved, before they do."""

from collections.abc import Mapping
from dataclasses import dataclass

from models.documents.receipt import ReadMark
from models.ports import Clock
from models.stores.chats import Chats
from models.stores.read_dates import ReadDates


@dataclass(frozen=True, slots=True)
class DateReads:
    """A date is stored before its mark: a crash between the two leaves a date that the retry keeps, never a mark without one."""

    chats: Chats
    read_dates: ReadDates
    clock: Clock

    async def __call__(self, reads: Mapping[tuple[int, int], int]) -> None:
        """`reads`: (chat id, account id) -> seq. A mark that does not move forward has its date already."""
        if not reads:
            return
        members = await self.chats.list_members(reads.keys())
        known = {(member.chat_id, member.account_id): member.shown_read for member in members}
        now = self.clock.now()
        await self.read_dates.append(
            [
                (chat_id, account_id, ReadMark(read, now))
                for (chat_id, account_id), read in reads.items()
                if read > known.get((chat_id, account_id), 0)
            ]
        )
