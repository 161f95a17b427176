"""Lists what an edited message said before, to those who could read it then."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from models.documents.chat import Member
from models.documents.chat_ref import ChatRef
from models.documents.entry import ANSWER_MAX_CHARS, SEQ_MAX, Edit, Entry
from models.documents.session import Actor
from models.services.chats.find_message import FindMessage, ReadableMessage
from models.stores.message_changes import MessageChanges

WORDINGS_MAX = 100


@dataclass(frozen=True, slots=True)
class Wording:
    """A text or a caption, and since when it stood. It stood from the entry `seq` on."""

    text: str
    at: datetime
    seq: int


@dataclass(frozen=True, slots=True)
class ListWordings:
    """Lists the wordings of a message from the log's own edits; the first is the one it was sent with.

    A member could read a wording if it was in the chat at some time while that was the latest one. Who came later, or was away, is not
    shown it, and who left is shown none that came after.
    """

    find: FindMessage
    changes: MessageChanges

    async def __call__(self, actor: Actor, target: ChatRef, seq: int) -> list[Wording]:
        """Returns the newest WORDINGS_MAX wordings, oldest first, as many as fit into one answer.

        Raises what FindMessage raises: a deleted message has no wordings any more.
        """
        # Nothing is read for those who may not read the message.
        chat_id = (await self.find(actor, target, seq)).entry.chat_id
        edits = await self.changes.list_edits(chat_id, seq, WORDINGS_MAX)
        # Once more, behind the edits: the texts of a message that is deleted meanwhile are not shown.
        found = await self.find(actor, ChatRef(chat_id=chat_id), seq)
        return _fitting(_readable(_all(found, edits), found.member))


def _all(found: ReadableMessage, edits: Sequence[Entry]) -> list[Wording]:
    entry = found.entry
    first = entry.first_text if entry.edit_seq else found.body.words
    wordings = [Wording(edit.body.text, edit.at, edit.seq) for edit in edits if isinstance(edit.body, Edit)]
    if first is not None and len(edits) < WORDINGS_MAX:
        wordings.insert(0, Wording(first, entry.at, entry.seq))
    return wordings


def _readable(wordings: Sequence[Wording], member: Member) -> list[Wording]:
    ends = {wording.seq: following.seq - 1 for wording, following in pairwise(wordings)}
    return [
        wording
        for wording in wordings
        for end in [ends.get(wording.seq, SEQ_MAX)]
        if any(span.first <= end and (span.last is None or wording.seq <= span.last) for span in member.spans)
    ]


def _fitting(wordings: Sequence[Wording]) -> list[Wording]:
    """Returns as many of the last of these as fit into one answer, and at least one."""
    room, kept = ANSWER_MAX_CHARS, 0
    for wording in reversed(wordings):
        room -= len(wording.text)
        if room < 0 and kept:
            break
        kept += 1
    return list(wordings[len(wordings) - kept :])
