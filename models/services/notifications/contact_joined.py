"""Tells people who have a number in their phone book that its owner has registered (docs/events-api.md, "Pushes")."""

from dataclasses import dataclass
from uuid import uuid4

from models.documents.account import NAME_MAX_CHARS, Account, either_blocks
from models.documents.notification import NEW_USER, Notification
from models.documents.plain_line import one_line, quoted
from models.ports import Clock
from models.services.notifications.queue import Notify
from models.stores.accounts import Accounts
from models.stores.languages import Languages
from models.stores.phone_books import PhoneBooks


@dataclass(frozen=True, slots=True)
class NotifyContactJoined:
    """Queues one push to each who wants it, if neither blocked the other, at each registration.

    On a screen the newest replaces older ones.
    """

    accounts: Accounts
    phone_books: PhoneBooks
    languages: Languages
    notify: Notify
    clock: Clock

    async def __call__(self, account: Account) -> None:
        if not self.notify.is_push_on:
            return
        this_time, now = uuid4().hex, self.clock.now()
        friends = await self.accounts.list_by_ids(await self.phone_books.list_owners_of(account.number))
        readers = await self.languages.map_readers([friend.id for friend in friends], account.id)
        who = quoted(one_line(account.name) or account.number, NAME_MAX_CHARS)
        await self.notify.push(
            [
                Notification(
                    key=f"{NEW_USER} {account.id} {this_time} {friend.id}",
                    account_id=friend.id,
                    alert=readers[friend.id].gettext("{who} is here now.", who=who),
                    type=NEW_USER,
                    at=now,
                    data={"user_id": account.id},
                    collapse=f"{NEW_USER} {account.id}",
                )
                for friend in friends
                if friend.id != account.id
                and friend.is_registered
                and friend.notify.contact_joined
                and not either_blocks(account, friend)
            ]
        )
