"""Lists the sample replies."""

from dataclasses import dataclass

from models.documents.sample_reply import SampleReply
from models.stores.sample_replies import SampleReplies


@dataclass(frozen=True, slots=True)
class ListSampleReplies:
    """Acceptances first, then by text (events contract, section 6)."""

    replies: SampleReplies

    async def __call__(self) -> list[SampleReply]:
        return await self.replies.list_all()
