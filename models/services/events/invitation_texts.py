"""Invites people without the app by SMS, with a link of their own."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from models.documents.account import Account
from models.documents.event import Event, Invitation, OutboxItem
from models.documents.notification import CHANGE, Notification, Sms
from models.documents.plain_line import one_line, quoted, unlinked
from models.documents.sms import as_sms, parts_of
from models.languages.language import Language
from models.ports import Clock
from models.services.events.alert_texts import not_texted
from models.services.notifications.queue import Notify
from models.services.notifications.sms import LimitTexts
from models.stores.accounts import Accounts
from models.stores.event_lists import EventLists
from models.stores.invitation_tokens import InvitationTokens
from models.stores.languages import Languages

PATH = "/invitation"  # the page, which is also served with a final slash
NAME_MAX_CHARS = 30  # so that most texts fit into one SMS; the page shows both in full
TITLE_MAX_CHARS = 60
PARTS = 2  # of an SMS; two hold 306 characters of GSM 7-bit and 134 others, such as Arabic ones
SHORTER = ((20, 40), (16, 30), (12, 20))  # both, tried in this order where a text would have more parts


@dataclass(frozen=True, slots=True)
class TextInvitations:
    """Sends one SMS per invitation (docs/events-api.md, "Texts"). `templates` hold {organizer}, {event_title} and {event_link}.

    A number that has had its texts of the day, or is of a country that is not served, stays invited and gets none; a push tells the
    owner how many these are. The template is chosen by the invitation alone, so running it again makes the same text. Its translation
    is that of the guest's language, else of the owner's; a template of the operator has none.
    """

    accounts: Accounts
    languages: Languages
    tokens: InvitationTokens
    notify: Notify
    limit: LimitTexts
    clock: Clock
    templates: Sequence[str]
    public_url: str  # links start with it

    async def __call__(
        self, event: Event, owner: Account, invitations: Collection[Invitation], item: OutboxItem
    ) -> None:
        """Queues texts for those of these invitations whose number nobody has proved."""
        found = await self.accounts.list_by_ids({each.account_id for each in invitations})
        people = {account.id: account for account in found}
        unregistered = [
            each
            for each in invitations
            if not people[each.account_id].is_registered and not people[each.account_id].has_blocked(owner.number)
        ]
        queued = await self.notify.list_queued({_key(item, each) for each in unregistered})
        new = [each for each in unregistered if _key(item, each) not in queued]  # running it again counts nothing twice
        admitted = await self.limit.admit([each.phone for each in new])
        texted = [each for each in new if each.phone.number in admitted]
        await self._text(event, owner, texted, item)
        if len(texted) < len(new):
            await self._tell_owner(event, owner, item, len(new) - len(texted))

    async def _text(self, event: Event, owner: Account, invitations: Collection[Invitation], item: OutboxItem) -> None:
        accounts = {each.id: each.account_id for each in invitations}
        tokens = await self.tokens.issue(event.id, accounts, item.id, self.clock.now())
        readers = await self.languages.map_readers(accounts.values(), owner.id)
        await self.notify.text(
            [
                Sms(
                    key=_key(item, each),
                    phone_text=each.phone.dialled,
                    body=self._body(readers[each.account_id], event, owner, f"{item.id} {each.id}", tokens[each.id]),
                    at=item.at,
                )
                for each in invitations
            ]
        )

    async def forget(self, event: Event) -> None:
        """Deletes the links of an event that is deleted."""
        await self.tokens.forget_events([event.id])

    async def _tell_owner(self, event: Event, owner: Account, item: OutboxItem, count: int) -> None:
        reader = (await self.languages.map_readers([owner.id]))[owner.id]
        alert = Notification(
            key=f"not texted {item.id}",
            account_id=owner.id,
            alert=not_texted(reader, event, count, TITLE_MAX_CHARS),
            type=CHANGE,
            at=item.at,
            data={"event_id": event.id, "title": one_line(event.title)},
        )
        await self.notify.push([alert])

    def _body(self, reader: Language, event: Event, owner: Account, key: str, token: str) -> str:
        """Returns the text, with names as long as fit into PARTS, or as short as they ever are."""
        number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8])
        name = unlinked(one_line(owner.full_name or owner.nickname)) or owner.phone.text
        title, body = unlinked(one_line(event.title)), ""
        for name_max, title_max in ((NAME_MAX_CHARS, TITLE_MAX_CHARS), *SHORTER):
            body = as_sms(
                reader.gettext(
                    self.templates[number % len(self.templates)],
                    organizer=quoted(name, name_max),
                    event_title=quoted(title, title_max),
                    event_link=f"{self.public_url.rstrip('/')}{PATH}?token={token}",
                )
            )
            if parts_of(body) <= PARTS:
                break
        return body


PAGE = 1000  # tokens looked at together
PAGES_PER_SWEEP = 25


class SweepInvitationTokens:
    """Deletes the links of events that are gone.

    A link may be issued on one node while another node deletes its event, and nothing else would ever delete that link.
    """

    def __init__(self, tokens: InvitationTokens, events: EventLists, *, page: int = PAGE) -> None:
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
    """Returns the key in the queue. It begins with another word than that of a push, whose numbers are accounts."""
    return f"text {item.id} {invitation.id}"
