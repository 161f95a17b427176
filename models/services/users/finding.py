"""Who may find whom on the events API."""

from collections.abc import Collection
from dataclasses import dataclass

from models.documents.account import Account
from models.documents.session import Actor
from models.documents.user import UserFilter
from models.stores.contacts import Contacts
from models.stores.events import Events
from models.stores.phone_books import PhoneBooks


@dataclass(frozen=True, slots=True)
class KnowPeople:
    """People find those whom they have a tie to, and not everybody.

    The events API's contract lets everybody list and read everybody, e-mail addresses included. Ids are small integers, so
    that would hand out the whole membership to whoever signs in. Unless `is_open` (the setting `users.visible` is `all`) a
    viewer therefore finds only the people that it has a tie to: one of the two has the other in the address book or in the
    uploaded phone book, or the other did something at an event that both have to do with: owns it, answered, or wrote there
    (being invited is nobody's own making). A list of people holds those of the latest events; who has an older one in common
    finds the other by id. Who blocked the viewer's number cannot be found at all.
    """

    contacts: Contacts
    phone_books: PhoneBooks
    events: Events
    is_open: bool

    async def filter_for(self, viewer: Actor) -> UserFilter:
        """Whom this viewer may find."""
        if self.is_open:
            return UserFilter(viewer.account_id, viewer.number, is_open=True)
        numbers = await self.contacts.list_numbers(viewer.account_id)
        numbers.update(await self.phone_books.list_numbers(viewer.account_id))
        ids = await self.events.list_companions(viewer.account_id)
        ids.update(await self.contacts.list_owners_of(viewer.number))
        ids.update(await self.phone_books.list_owners_of(viewer.number))
        return UserFilter(viewer.account_id, viewer.number, is_open=False, ids=ids, numbers=numbers)

    async def may_find(self, viewer: Actor, account: Account) -> bool:
        """Whether this is one of them."""
        if account.id == viewer.account_id:
            return True
        if not account.is_registered or account.has_blocked(viewer.number):
            return False
        return (
            self.is_open
            or await self.contacts.has(viewer.account_id, account.number)
            or await self.phone_books.has(viewer.account_id, account.number)
            or not await self.strangers(viewer, [account.id])
        )

    async def strangers(self, viewer: Actor, account_ids: Collection[int]) -> set[int]:
        """Those of these accounts that have no tie to the viewer of their own making."""
        others = set(account_ids) - {viewer.account_id}
        if self.is_open or not others:
            return set()
        others -= await self.contacts.list_owners_among(viewer.number, others)
        others -= await self.phone_books.list_owners_among(viewer.number, others)
        return {one for one in others if not await self.events.is_companion(viewer.account_id, one)}
