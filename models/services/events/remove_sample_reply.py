"""Removes a sample reply."""

from dataclasses import dataclass

from models.documents.plain_line import one_line
from models.errors import NotFound
from models.stores.sample_replies import SampleReplies


@dataclass(frozen=True, slots=True)
class RemoveSampleReply:
    """Raises NotFound for a text that is not there."""

    replies: SampleReplies

    async def __call__(self, text: str) -> None:
        if not await self.replies.remove(one_line(text)):
            raise NotFound("There is no sample reply of this text.")
