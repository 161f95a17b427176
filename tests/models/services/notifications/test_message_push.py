"""What a push says of a message, to people of whom some may be out of the chat by now."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, cast

from models.documents.chat import Chat, ChatKind
from models.documents.chat_settings import ChatSettings
from models.documents.entry import Entry, Mention, Message
from models.documents.notification import Notification
from models.services.notifications.message_push import PushMessages

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GROUP = Chat(1, ChatKind.GROUP, NOW, 7, subject="Chess", group="49-1")


@dataclass
class Everybody:
    """A directory, a board, a queue and languages: everybody is called Ann, has a device, is away, and reads whatever comes."""

    name: str = "Ann"
    is_push_on: bool = True
    pushed: asyncio.Queue[Notification] = field(default_factory=asyncio.Queue)

    async def require(self, account_id: int) -> "Everybody":
        return self

    async def map_by_ids(self, account_ids: Collection[int]) -> dict[int, str]:
        return {}

    async def list_connected(self, account_ids: Collection[int]) -> set[int]:
        return set()

    async def list_reachable(self, account_ids: Collection[int]) -> set[int]:
        return set(account_ids)

    async def list_settings(self, places: Collection[tuple[int, int]]) -> dict[tuple[int, int], ChatSettings]:
        return {}

    async def push(self, notifications: Sequence[Notification]) -> None:
        for each in notifications:
            self.pushed.put_nowait(each)


async def alert_of(chat: Chat, message: Message = Message(text="hi")) -> str:  # noqa: B008
    """The words of the push for message 5 of this chat."""
    fixture: Any = Everybody()
    pushes = PushMessages(fixture, fixture, fixture, fixture, fixture, has_preview=True)
    await pushes.open()
    pushes.announced(Entry(1, 5, 7, "7", "c", NOW, message), chat, [7, 8])
    async with asyncio.timeout(10):
        notification = cast("Notification", await fixture.pushed.get())
    await pushes.close()
    return notification.alert


async def test_it_names_the_group() -> None:
    assert "Chess" in await alert_of(GROUP)


async def test_it_does_not_tell_a_name_that_the_group_was_given_behind_the_message() -> None:
    assert "Chess" in await alert_of(replace(GROUP, subject_seq=5))
    alert = await alert_of(replace(GROUP, subject="gone", subject_seq=6))
    assert "gone" not in alert
    assert "hi" in alert


async def test_it_says_that_its_reader_is_mentioned() -> None:
    to_you, to_another = (Message(text="@Tom hi", mentions=(Mention(account, "8", 0, 4),)) for account in (8, 9))
    assert await alert_of(GROUP, to_you) == "Ann mentioned you @ Chess: @Tom hi"
    assert await alert_of(GROUP, to_another) == "Ann @ Chess: @Tom hi"
    assert await alert_of(replace(GROUP, kind=ChatKind.DIRECT), to_you) == "Ann mentioned you: @Tom hi"
