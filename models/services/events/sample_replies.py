"""Adds a sample reply."""

from dataclasses import dataclass

from models.documents.sample_reply import ReplyType, SampleReply, require_reply_text
from models.errors import Conflict
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
