"""Whether somebody has ever written to somebody: who was written to may answer without having a contact."""

from dataclasses import dataclass

from models.stores.accounts import Accounts
from models.stores.chats import Chats
from models.stores.entries import Entries


@dataclass(frozen=True, slots=True)
class HasWritten:
    """Looks for a message of that number in their direct chat that the account may see: a blocked one does not count."""

    accounts: Accounts
    chats: Chats
    entries: Entries

    async def __call__(self, account_id: int, number: str) -> bool:
        writer = await self.accounts.find_by_number(number)
        chat = None if writer is None else await self.chats.find_direct(account_id, writer.id)
        return writer is not None and chat is not None and await self.entries.has_written(chat.id, writer.id)
