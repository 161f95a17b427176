"""Groups: creating, reading and listing them, their subject and their photo (docs/messaging-api.md, "Groups")."""

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
from models.stores.members import Members


@dataclass(frozen=True, slots=True)
class CreateGroup:
    """Creates a group of the actor and these numbers. Repeated numbers and the actor's own are allowed.

    Raises NotAContact, which names the numbers that cannot be added, GroupFull for more than `members_max` members with the
    actor, and RateLimited.
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
        # The group has no members before this is stored, so nobody sees one whose creation failed halfway.
        await self.record(actor, chat.id, everybody)
        return chat


@dataclass(frozen=True, slots=True)
class ListGroups:
    """Lists all groups of the actor, oldest first, with three queries for any number of groups."""

    chats: Chats
    members: Members

    async def __call__(self, actor: Actor) -> list[Group]:
        chats = await self.chats.list_groups(actor.account_id)
        participants = await self.members.list_participants([chat.id for chat in chats])
        groups = (Group(chat, participants[chat.id]) for chat in chats)
        # The actor may have been removed between two queries.
        return [group for group in groups if group.has(actor.account_id)]


@dataclass(frozen=True, slots=True)
class GetGroup:
    """Returns a group as the database holds it now, so that every node shows each change that was acknowledged.

    Raises ChatNotFound if there is no such group, or the actor is not a member.
    """

    chats: Chats
    members: Members
    memberships: MembershipCache

    async def __call__(self, actor: Actor, group: str) -> Group:
        chat = await self.chats.find_group(group)
        if chat is not None and await self.memberships.catch_up(chat.id):
            chat = await self.chats.find(chat.id)
        if chat is None:
            raise ChatNotFound
        found = Group(chat, (await self.members.list_participants([chat.id]))[chat.id])
        if not found.has(actor.account_id):
            raise ChatNotFound
        return found


@dataclass(frozen=True, slots=True)
class SetSubject:
    """Sets the subject of a group. Every member may do this. Raises ChatNotFound."""

    change: ChangeGroup
    record: RecordChanges

    async def __call__(self, actor: Actor, group: str, subject: str) -> None:
        async with self.change(actor, group) as roster:
            await self.record(actor, roster.chat.id, SubjectSet(subject))


@dataclass(frozen=True, slots=True)
class SetGroupPhoto:
    """Sets or removes the photo of a group. Every member may do this. Raises ChatNotFound.

    A change is an entry of the group's log. Setting the present photo again, or removing none, is no change.
    """

    chats: Chats
    memberships: MembershipCache
    take_photo: TakePhoto
    change: ChangeGroup
    record: RecordChanges

    async def require_participant(self, actor: Actor, group: str) -> None:
        """Raises ChatNotFound for an actor who is not in the group, before a picture is read."""
        chat = await self.chats.find_group(group)
        if chat is None:
            raise ChatNotFound
        await self.memberships.require_for(chat.id, actor.account_id)

    async def __call__(self, actor: Actor, group: str, picture: Picture | None) -> None:
        """Set the photo to this picture, or remove it for None."""
        if picture is None:
            await self._set(actor, group, None)
            return
        async with self.take_photo(picture) as photo:
            await self._set(actor, group, photo)

    async def _set(self, actor: Actor, group: str, photo: Photo | None) -> None:
        async with self.change(actor, group) as roster:
            if roster.chat.photo != photo:
                await self.record(actor, roster.chat.id, PhotoSet(photo))
