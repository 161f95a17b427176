"""Texts an invitation to those who have no app, with a link that is theirs alone."""

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from models.documents.account import Account
from models.documents.event import Event, Invitation, OutboxItem
from models.documents.notification import CHANGE, Notification, Sms
from models.documents.plain_line import one_line, quoted, unlinked
from models.documents.sms import as_sms
from models.ports import Clock
from models.services.notifications.queue import Notify
from models.services.notifications.sms import LimitTexts
from models.stores.accounts import Accounts
from models.stores.events import Events
from models.stores.invitation_tokens import InvitationTokens

PATH = "/invitation"  # the page, which is also found with the slash at its end
NAME_MAX_CHARS = 30  # so that most messages are one SMS; the page shows all of both
TITLE_MAX_CHARS = 60
_PLACEHOLDER = re.compile(r"\{(organizer|event_title|event_link)\}")


@dataclass(frozen=True, slots=True)
class TextInvitations:
    """One SMS per invitation (design section 9). `templates` hold {organizer}, {event_title} and {event_link}.

    A number that has had enough for a day, or is of a country that is not served, stays invited and is not texted; the owner
    is told by a push how many these are.
    Which of them is chosen depends on the invitation alone, so telling it again makes the same text.
    """

    accounts: Accounts
    tokens: InvitationTokens
    notify: Notify
    limit: LimitTexts
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
        queued = await self.notify.list_queued({_key(item, each) for each in unregistered})
        new = [each for each in unregistered if _key(item, each) not in queued]  # told again, nothing counts twice
        admitted = await self.limit.admit([each.phone for each in new])
        texted = [each for each in new if each.phone.number in admitted]
        await self._text(event, owner, texted, item)
        if len(texted) < len(new):
            await self._tell_owner(event, owner, item, len(new) - len(texted))

    async def _text(self, event: Event, owner: Account, invitations: Collection[Invitation], item: OutboxItem) -> None:
        accounts = {each.id: each.account_id for each in invitations}
        tokens = await self.tokens.issue(event.id, accounts, item.id, self.clock.now())
        await self.notify.text(
            [
                Sms(
                    key=_key(item, each),
                    phone_text=each.phone.dialled,
                    body=self._body(event, owner, f"{item.id} {each.id}", tokens[each.id]),
                    at=item.at,
                )
                for each in invitations
            ]
        )

    async def forget(self, event: Event) -> None:
        """Delete the links of a deleted event."""
        await self.tokens.forget_events([event.id])

    async def _tell_owner(self, event: Event, owner: Account, item: OutboxItem, count: int) -> None:
        who = "One person" if count == 1 else f"{count} people"
        title = quoted(event.title, TITLE_MAX_CHARS)
        alert = Notification(
            key=f"not texted {item.id}",
            account_id=owner.id,
            alert=f"{who} you invited to {title} got no SMS: there are only so many a day. Tell them yourself.",
            type=CHANGE,
            at=item.at,
            data={"event_id": event.id, "title": one_line(event.title)},
        )
        await self.notify.push([alert])

    def _body(self, event: Event, owner: Account, key: str, token: str) -> str:
        number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8])
        words = {
            "organizer": quoted(
                unlinked(one_line(owner.full_name or owner.nickname)) or owner.phone.text, NAME_MAX_CHARS
            ),
            "event_title": quoted(unlinked(one_line(event.title)), TITLE_MAX_CHARS),
            "event_link": f"{self.public_url.rstrip('/')}{PATH}?token={token}",
        }
        return as_sms(fill(self.templates[number % len(self.templates)], words))


PAGE = 1000  # tokens looked at together
PAGES_PER_SWEEP = 25


class SweepInvitationTokens:
    """Deletes the links of events that are gone.

    A link may be issued on one node while another node deletes its event, and nothing else would ever delete that link.
    """

    def __init__(self, tokens: InvitationTokens, events: Events, *, page: int = PAGE) -> None:
        self._tokens = tokens
        self._events = events
        self._page = page
        self._swept_to = 0

    async def __call__(self) -> int:
        """Look at the next links, where the last call stopped. Returns how many it deleted. Two nodes may do it at once."""
        removed = 0
        for _ in range(PAGES_PER_SWEEP):
            page = await self._tokens.list_events(self._swept_to, self._page)
            self._swept_to = page[-1] if len(page) == self._page else 0
            gone = set(page) - await self._events.list_existing(set(page))
            if gone:
                removed += await self._tokens.forget_events(gone)
            if not self._swept_to:
                break
        return removed


def _key(item: OutboxItem, invitation: Invitation) -> str:
    """Begins with another word than a push, whose numbers are accounts."""
    return f"text {item.id} {invitation.id}"


def fill(template: str, words: Mapping[str, str]) -> str:
    """The template with each {name} replaced; what is put in is text, also where it looks like a placeholder."""
    return _PLACEHOLDER.sub(lambda found: words[found[1]], template)
