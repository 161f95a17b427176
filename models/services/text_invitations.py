"""Texts an invitation to those who have no app, with a link that is theirs alone."""

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from models.documents.account import Account
from models.documents.event import Event, Invitation, OutboxItem
from models.documents.notification import Text, shortened
from models.ports import Clock
from models.services.notify import Notify
from models.stores.accounts import Accounts
from models.stores.invitation_tokens import InvitationTokens

PATH = "/invitation"  # the page, which is also found with the slash at its end
NAME_MAX_CHARS = 30  # so that most messages are one SMS; the page shows all of both
TITLE_MAX_CHARS = 60
_PLACEHOLDER = re.compile(r"\{(organizer|event_title|event_link)\}")


@dataclass(frozen=True, slots=True)
class TextInvitations:
    """One SMS per invitation (design section 9). `templates` hold {organizer}, {event_title} and {event_link}.

    Which of them is chosen depends on the invitation alone, so telling it again makes the same text.
    """

    accounts: Accounts
    tokens: InvitationTokens
    notify: Notify
    clock: Clock
    templates: Sequence[str]
    public_url: str  # what links start with

    async def __call__(
        self, event: Event, owner: Account, invitations: Collection[Invitation], item: OutboxItem
    ) -> None:
        """Text those of these invitations whose number nobody has proved."""
        found = await self.accounts.list_by_ids({each.account_id for each in invitations})
        people = {account.id: account for account in found}
        unregistered = [
            each
            for each in invitations
            if not people[each.account_id].is_registered and not people[each.account_id].has_blocked(owner.number)
        ]
        accounts = {each.id: each.account_id for each in unregistered}
        tokens = await self.tokens.issue(event.id, accounts, item.id, self.clock.now())
        await self.notify.text(
            [
                Text(
                    key=f"text {item.id} {each.id}",  # another word than a push begins with, whose numbers are accounts
                    phone_text=each.phone.dialled,
                    body=self._body(event, owner, f"{item.id} {each.id}", tokens[each.id]),
                    at=item.at,
                )
                for each in unregistered
            ]
        )

    async def forget(self, event: Event) -> None:
        """The event is gone; its links lead nowhere."""
        await self.tokens.forget_event(event.id)

    def _body(self, event: Event, owner: Account, key: str, token: str) -> str:
        number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8])
        words = {
            "organizer": shortened(owner.full_name or owner.nickname or owner.phone.text, NAME_MAX_CHARS),
            "event_title": shortened(event.title, TITLE_MAX_CHARS),
            "event_link": f"{self.public_url.rstrip('/')}{PATH}?token={token}",
        }
        return fill(self.templates[number % len(self.templates)], words)


def fill(template: str, words: Mapping[str, str]) -> str:
    """The template with each {name} replaced; what is put in is text, also where it looks like a placeholder."""
    return _PLACEHOLDER.sub(lambda found: words[found[1]], template)
