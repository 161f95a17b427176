"""Lists an account's chats, the ones with the newest messages first."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from models.documents.entry import ANSWER_MAX_CHARS
from models.documents.head import Head
from models.documents.session import Actor
from models.errors import Malformed

PAGE_MAX = 200


@dataclass(frozen=True, slots=True)
class ChatPage:
    """`next` asks for the chats behind these; None when there are none."""

    heads: list[Head]
    next: str | None


@dataclass(frozen=True, slots=True)
class ListChats:
    heads: Callable[[int], Awaitable[list[Head] | None]]  # of an account

    async def __call__(self, actor: Actor, *, limit: int = PAGE_MAX, before: str | None = None) -> ChatPage:
        """A page of chats. `before` is the `next` of the page before; Malformed if it is something else."""
        heads = sorted(await self.heads(actor.account_id) or (), key=_rank, reverse=True)
        if before is not None:
            last = _read_place(before)
            heads = [head for head in heads if _rank(head) < last]
        page = _fitting(heads[: min(limit, PAGE_MAX)])
        return ChatPage(page, _place(page[-1]) if len(heads) > len(page) else None)


def _fitting(heads: list[Head]) -> list[Head]:
    """As many as fit into one answer with their last messages; at least one."""
    chars = 0
    for place, head in enumerate(heads):
        chars += 0 if head.last is None else head.last.chars
        if chars > ANSWER_MAX_CHARS and place:
            return heads[:place]
    return heads


def _rank(head: Head) -> tuple[int, int]:
    return int(head.last_at.timestamp() * 1000), head.chat.id


def _place(head: Head) -> str:
    at_ms, chat_id = _rank(head)
    return f"{at_ms}-{chat_id}"


def _read_place(text: str) -> tuple[int, int]:
    at_ms, _, chat_id = text.partition("-")
    if not (at_ms.isascii() and at_ms.isdigit() and chat_id.isascii() and chat_id.isdigit()):
        raise Malformed("before: give the `next` of the page before.")
    return int(at_ms), int(chat_id)
