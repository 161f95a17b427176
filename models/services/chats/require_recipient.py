"""Whether somebody may write somewhere, asked before a file is kept or fetched for it."""

from dataclasses import dataclass

from models.documents.session import Actor
from models.documents.target import Target
from models.errors import ContactBlocked
from models.services.chats.resolve import ResolveChat
from models.services.contacts.contact_rule import RequireContact
from models.services.contacts.directory import Directory
from models.services.runtime.token_bucket import TokenBuckets


@dataclass(frozen=True, slots=True)
class RequireRecipient:
    """The refusals of SendMessage without its effects. A file takes one more of the sender's tokens, for the work that it makes."""

    resolve: ResolveChat
    require_contact: RequireContact
    directory: Directory
    limit: TokenBuckets

    async def __call__(self, actor: Actor, target: Target) -> None:
        self.limit.take(actor.account_id)
        if target.contact is None:
            await self.resolve(actor, target)
            return
        await self.require_contact(actor, target.contact)
        if (await self.directory.require(actor.account_id)).has_blocked(target.contact):
            raise ContactBlocked
