"""Limits how many numbers one account may look up in a day, so that nobody copies the whole membership."""

from collections.abc import Collection
from dataclasses import dataclass

from models.documents.session import Actor
from models.errors import TooManyNewNumbers, whole_ms
from models.ports import Clock
from models.stores.contacts import Contacts
from models.stores.favourites import Favourites
from models.stores.phone_books import PhoneBooks
from models.stores.quotas import Quotas

DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class LimitNewNumbers:
    """Counts the new numbers of a request, before it tells which of them have an account, and before it changes anything.

    A number is new unless the account's address book, phone book or favourites hold it now. The count belongs to the
    account's number, so removing the account and registering it again does not reset it.
    """

    contacts: Contacts
    phone_books: PhoneBooks
    favourites: Favourites
    quotas: Quotas
    clock: Clock
    per_day: int
    is_enabled: bool

    async def __call__(self, actor: Actor, numbers: Collection[str]) -> None:
        """Count the new ones among these numbers. Raises TooManyNewNumbers, and then counts none of them."""
        if not self.is_enabled:
            return
        new = set(numbers) - {actor.number}
        for store in (self.contacts, self.phone_books, self.favourites):
            if new:
                new -= await store.list_known(actor.account_id, new)
        if not new:
            return
        if len(new) > self.per_day:
            raise TooManyNewNumbers(f"You may look up at most {self.per_day} new numbers in a day; give fewer.")
        key, now = f"new numbers {actor.number}", self.clock.now()
        wait = await self.quotas.take(key, self.per_day, DAY_S, now, len(new))
        if wait is not None:
            await self.quotas.give_back(key, DAY_S, now, len(new))
            raise TooManyNewNumbers(
                f"You may look up at most {self.per_day} new numbers in a day; go on tomorrow, or give fewer.",
                retry_after_ms=whole_ms(wait),
            )
