"""The first sample replies are in the reader's language; an operator's are as they were added."""

from unittest.mock import AsyncMock

from models.documents.sample_reply import FIRST, ReplyType, SampleReply
from models.languages.language import Language
from models.services.events.sample_replies import ListSampleReplies


async def test_a_reply_of_an_operator_is_not_looked_up_among_the_other_words_of_the_server() -> None:
    german, ours = Language("de"), FIRST[ReplyType.ACCEPT][0]
    assert german.gettext("a photo") != "a photo"
    replies = AsyncMock(
        list_all=AsyncMock(
            return_value=[SampleReply(1, "a photo", ReplyType.ACCEPT), SampleReply(2, ours, ReplyType.ACCEPT)]
        )
    )
    said = {reply.id: reply.text for reply in await ListSampleReplies(replies)(german)}
    assert said == {1: "a photo", 2: german.gettext(ours)}
