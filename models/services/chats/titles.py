"""Lists an account's chats with titles (docs/messaging-api.md, "Chat list")."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from models.documents.chat import ChatKind
from models.documents.chat_summary import ChatSummary
from models.documents.session import Actor
from models.services.chats.listing import EVERY, ListChats, Wanted, read_place
from models.stores.accounts import Accounts
from models.stores.contacts import Contacts

KINDS = (ChatKind.DIRECT, ChatKind.SELF, ChatKind.GROUP)


@dataclass(frozen=True, slots=True)
class TitledChat:
    """A chat with its title. `entity_id` is the peer's number, or the group's id."""

    head: ChatSummary
    entity_id: str
    title: str

    @property
    def is_group(self) -> bool:
        return self.head.chat.kind is ChatKind.GROUP


@dataclass(frozen=True, slots=True)
class TitledPage:
    """A page of chats as they are at `at`. `next` is the `before` of the page after it; None when there is none."""

    chats: Sequence[TitledChat]
    next: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class ListChatsWithTitles:
    """Lists direct chats and groups, newest message first; chats of events have no id in this API."""

    chats: ListChats
    contacts: Contacts
    accounts: Accounts

    async def __call__(
        self, actor: Actor, *, limit: int | None, offset: int = 0, before: str | None = None
    ) -> TitledPage:
        """Returns a page, or all chats without a limit.

        Titles: the contact's name, else the account's unless it has blocked the actor, else the number; a group's subject.

        `before` is the `next` of the page before; Malformed if it is something else.
        """
        place = None if before is None else read_place(before)
        count = EVERY if limit is None else limit
        page = await self.chats.page(actor, Wanted(KINDS, count, offset, place, is_frame=False))
        names = await self._list_names(actor, page.heads)
        chats = [
            TitledChat(head, entity_id, names.get(head.chat.id, entity_id) if head.peer_number else head.chat.subject)
            for head in page.heads
            if (entity_id := _entity_id(head)) is not None
        ]
        return TitledPage(chats, page.next, page.at)

    async def _list_names(self, actor: Actor, heads: Sequence[ChatSummary]) -> dict[int, str]:
        """Returns names by chat; where there is none to see, the chat is left out.

        They are of the account that is in the chat, since its number may be another account's by now.
        """
        peers = {head.chat.id: head.chat.peer_of(actor.account_id) for head in heads if head.peer_number is not None}
        if not peers:
            return {}
        accounts = await self.accounts.map_by_ids(set(peers.values()))
        contacts = await self.contacts.list_by_numbers(actor.account_id, {each.number for each in accounts.values()})
        named = {contact.number: contact.name for contact in contacts if contact.has_name}
        names = {
            chat_id: named.get(accounts[peer_id].number) or accounts[peer_id].name_for(actor.number)
            for chat_id, peer_id in peers.items()
            if peer_id in accounts
        }
        return {chat_id: name for chat_id, name in names.items() if name is not None}


def _entity_id(head: ChatSummary) -> str | None:
    return head.chat.group if head.chat.pair is None else head.peer_number
