"""Sample replies: adding, removing and listing the answers that clients offer."""

from dataclasses import dataclass, replace

from models.documents.plain_line import one_line
from models.documents.sample_reply import FIRST, ReplyType, SampleReply, require_reply_text
from models.errors import Conflict, NotFound
from models.languages.language import Language
from models.stores.sample_replies import SampleReplies


@dataclass(frozen=True, slots=True)
class AddSampleReply:
    """Adds a sample reply. Raises Malformed for a text that cannot answer an invitation, and Conflict for one that exists."""

    replies: SampleReplies

    async def __call__(self, text: str, kind: ReplyType) -> SampleReply:
        reply = await self.replies.append(require_reply_text(text), kind)
        if reply is None:
            raise Conflict("There is a sample reply of this text already.")
        return reply


@dataclass(frozen=True, slots=True)
class RemoveSampleReply:
    """Removes a sample reply. Raises NotFound for a text that does not exist."""

    replies: SampleReplies

    async def __call__(self, text: str) -> None:
        if not await self.replies.remove(one_line(text)):
            raise NotFound("There is no sample reply of this text.")


@dataclass(frozen=True, slots=True)
class ListSampleReplies:
    """Lists sample replies, acceptances first, then by text (docs/events-api.md, "Sample replies").

    The first replies of a new database are in the reader's language; those that an operator added are as they were added.
    """

    replies: SampleReplies

    async def __call__(self, reader: Language) -> list[SampleReply]:
        said = [
            replace(reply, text=reader.gettext(reply.text)) if reply.text in FIRST[reply.type] else reply
            for reply in await self.replies.list_all()
        ]
        return sorted(said, key=lambda reply: (reply.type, reply.text))
