"""Who may be brought into a group: contacts that have not blocked whoever brings them."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.documents.account import Account
from models.documents.session import Actor
from models.errors import NotAContact
from models.services.contacts.contact_rule import RequireContact


@dataclass(frozen=True, slots=True)
class RequireParticipants:
    """The accounts behind these numbers, in their order, or a NotAContact that names those it cannot be.

    Somebody who blocked the actor looks like somebody who is no contact, so that the block is not told (messaging contract 8).
    """

    require_contact: RequireContact

    async def __call__(self, actor: Actor, numbers: Sequence[str]) -> list[Account]:
        found = await self.require_contact.find_all(actor, numbers)
        welcome = {number: account for number, account in found.items() if not account.has_blocked(actor.number)}
        missing = [number for number in numbers if number not in welcome]
        if missing:
            raise NotAContact(f"Not in your contacts, or not using Parley: {', '.join(missing)}.")
        return [welcome[number] for number in numbers]
