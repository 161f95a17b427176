"""Typing told by REST: only to contacts, and without a chat to show it in nobody is told (messaging contract 9.3)."""

from dataclasses import dataclass

from models.documents.session import Actor
from models.documents.target import Target
from models.errors import ChatNotFound
from models.services.chats.typing import ShowTyping
from models.services.contacts.contact_rule import RequireContact


@dataclass(frozen=True, slots=True)
class TellTyping:
    typing: ShowTyping
    require_contact: RequireContact

    async def start(self, actor: Actor, target: Target) -> None:
        """Raises NotAContact, and ChatNotFound for a group that the actor is not in."""
        await self._require(actor, target)
        try:
            await self.typing.start(actor, target)
        except ChatNotFound:
            if target.contact is None:
                raise

    async def stop(self, actor: Actor, target: Target) -> None:
        """The same refusals."""
        await self._require(actor, target)
        try:
            await self.typing.stop(actor, target)
        except ChatNotFound:
            if target.contact is None:
                raise

    async def _require(self, actor: Actor, target: Target) -> None:
        if target.contact is not None:
            await self.require_contact(actor, target.contact)
