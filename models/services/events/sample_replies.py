"""Sample replies: adding, removing and listing the answers that clients offer."""

from dataclasses import dataclass

from models.documents.plain_line import one_line
from models.documents.sample_reply import ReplyType, SampleReply, require_reply_text
from models.errors import Conflict, NotFound
from models.stores.sample_replies import SampleReplies


@dataclass(frozen=True, slots=True)
class AddSampleReply:
    """Raises Malformed for a text that no invitation could be answered with, Conflict for one that is there."""

    replies: SampleReplies

    async def __call__(self, text: str, kind: ReplyType) -> SampleReply:
        reply = await self.replies.append(require_reply_text(text), kind)
        if reply is None:
            raise Conflict("There is a sample reply of this text already.")
        return reply


@dataclass(frozen=True, slots=True)
class RemoveSampleReply:
    """Raises NotFound for a text that is not there."""

    replies: SampleReplies

    async def __call__(self, text: str) -> None:
        if not await self.replies.remove(one_line(text)):
            raise NotFound("There is no sample reply of this text.")


@dataclass(frozen=True, slots=True)
class ListSampleReplies:
    """Acceptances first, then by text (events contract, section 6)."""

    replies: SampleReplies

    async def __call__(self) -> list[SampleReply]:
        return await self.replies.list_all()
