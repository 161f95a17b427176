"""Gives a group another photo, or none."""

from dataclasses import dataclass

from models.documents.entry import PhotoSet
from models.documents.photo import Photo, Picture
from models.documents.session import Actor
from models.errors import ChatNotFound
from models.services.chats.membership import Rosters
from models.services.chats.record_changes import RecordChanges
from models.services.groups.turn import ChangeGroup
from models.services.media.photos import TakePhoto
from models.stores.chats import Chats


@dataclass(frozen=True, slots=True)
class SetGroupPhoto:
    """Any participant may (messaging contract 12). A change is an entry of the group's log; taking away none is no change.

    Raises ChatNotFound.
    """

    chats: Chats
    rosters: Rosters
    take: TakePhoto
    change: ChangeGroup
    record: RecordChanges

    async def require_participant(self, actor: Actor, group: str) -> None:
        """Refuse an outsider before a picture is read."""
        chat = await self.chats.find_group(group)
        if chat is None:
            raise ChatNotFound
        await self.rosters.require_for(chat.id, actor.account_id)

    async def __call__(self, actor: Actor, group: str, picture: Picture | None) -> None:
        if picture is None:
            await self._set(actor, group, None)
            return
        async with self.take(picture) as photo:
            await self._set(actor, group, photo)

    async def _set(self, actor: Actor, group: str, photo: Photo | None) -> None:
        async with self.change(actor, group) as roster:
            if roster.chat.photo != photo:
                await self.record(actor, roster.chat.id, PhotoSet(photo))
