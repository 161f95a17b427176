"""Creates a group: its founder is the first admin, and everybody is in it from its first entry on."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.documents.chat import Chat
from models.documents.entry import Joined
from models.documents.session import Actor
from models.errors import GroupFull
from models.ports import Clock
from models.services.chats.record_changes import RecordChanges
from models.services.groups.require_participants import RequireParticipants
from models.services.runtime.token_bucket import UNLIMITED, TokenBuckets
from models.stores.chats import Chats


@dataclass(frozen=True, slots=True)
class CreateGroup:
    """A group of the actor and these numbers (each once, the actor's own or not); it exists when all of them are in it.

    Raises NotAContact with the numbers that cannot be brought into it, GroupFull above `members_max` with the actor, and
    RateLimited.
    """

    chats: Chats
    require_participants: RequireParticipants
    record: RecordChanges
    clock: Clock
    members_max: int
    limit: TokenBuckets = UNLIMITED

    async def __call__(self, actor: Actor, numbers: Sequence[str], subject: str) -> Chat:
        others = [number for number in numbers if number != actor.number]
        if len(others) >= self.members_max:
            raise GroupFull
        self.limit.take(actor.account_id)
        people = await self.require_participants(actor, others)
        chat = await self.chats.create_group((actor.account_id, actor.number), subject, self.clock.now())
        everybody = Joined(
            (actor.account_id, *(account.id for account in people)), (actor.number, *others), admins=(actor.account_id,)
        )
        # Until this is stored nobody is in the group, so nobody can see one whose founding failed half-way.
        await self.record(actor, chat.id, everybody)
        return chat
