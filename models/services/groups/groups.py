"""Groups: creating, listing and showing them, their subject and their photo."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.documents.chat import Chat, Group
from models.documents.entry import Joined, PhotoSet, SubjectSet
from models.documents.photo import Photo, Picture
from models.documents.session import Actor
from models.errors import ChatNotFound, GroupFull
from models.ports import Clock
from models.services.chats.membership import MembershipCache
from models.services.chats.record_changes import RecordChanges
from models.services.groups.members import RequireParticipants
from models.services.groups.turn import ChangeGroup
from models.services.media.photos import TakePhoto
from models.services.runtime.token_bucket import TokenBuckets
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
    limit: TokenBuckets

    async def __call__(self, actor: Actor, numbers: Sequence[str], subject: str) -> Chat:
        others = [number for number in numbers if number != actor.number]
        if len(others) >= self.members_max:
            raise GroupFull
        self.limit.take(actor.account_id)
        accounts = await self.require_participants(actor, others)
        chat = await self.chats.create_group((actor.account_id, actor.number), subject, self.clock.now())
        everybody = Joined(
            (actor.account_id, *(account.id for account in accounts)),
            (actor.number, *others),
            admins=(actor.account_id,),
        )
        # Until this is stored nobody is in the group, so nobody can see one whose founding failed half-way.
        await self.record(actor, chat.id, everybody)
        return chat


@dataclass(frozen=True, slots=True)
class ListGroups:
    """All groups of the actor, oldest first: three queries, however many groups."""

    chats: Chats

    async def __call__(self, actor: Actor) -> list[Group]:
        chats = await self.chats.list_groups(actor.account_id)
        participants = await self.chats.list_participants([chat.id for chat in chats])
        groups = (Group(chat, participants[chat.id]) for chat in chats)
        # Between two queries the actor may have been removed.
        return [group for group in groups if group.has(actor.account_id)]


@dataclass(frozen=True, slots=True)
class GetGroup:
    """The group as the database has it now, so that every node shows a change that any node has answered.

    Raises ChatNotFound when there is no such group, or the actor is not in it any more.
    """

    chats: Chats
    memberships: MembershipCache

    async def __call__(self, actor: Actor, group: str) -> Group:
        chat = await self.chats.find_group(group)
        if chat is not None and await self.memberships.catch_up(chat.id):
            chat = await self.chats.find(chat.id)
        if chat is None:
            raise ChatNotFound
        found = Group(chat, (await self.chats.list_participants([chat.id]))[chat.id])
        if not found.has(actor.account_id):
            raise ChatNotFound
        return found


@dataclass(frozen=True, slots=True)
class SetSubject:
    """Any participant may (messaging contract 12); raises ChatNotFound."""

    change: ChangeGroup
    record: RecordChanges

    async def __call__(self, actor: Actor, group: str, subject: str) -> None:
        async with self.change(actor, group) as roster:
            await self.record(actor, roster.chat.id, SubjectSet(subject))


@dataclass(frozen=True, slots=True)
class SetGroupPhoto:
    """Any participant may (messaging contract 12). A change is an entry of the group's log; taking away none is no change.

    Raises ChatNotFound.
    """

    chats: Chats
    memberships: MembershipCache
    take_photo: TakePhoto
    change: ChangeGroup
    record: RecordChanges

    async def require_participant(self, actor: Actor, group: str) -> None:
        """Refuse an outsider before a picture is read."""
        chat = await self.chats.find_group(group)
        if chat is None:
            raise ChatNotFound
        await self.memberships.require_for(chat.id, actor.account_id)

    async def __call__(self, actor: Actor, group: str, picture: Picture | None) -> None:
        if picture is None:
            await self._set(actor, group, None)
            return
        async with self.take_photo(picture) as photo:
            await self._set(actor, group, photo)

    async def _set(self, actor: Actor, group: str, photo: Photo | None) -> None:
        async with self.change(actor, group) as roster:
            if roster.chat.photo != photo:
                await self.record(actor, roster.chat.id, PhotoSet(photo))
