"""What one may see of somebody's presence: whether they are online, and since when not, as far as privacy and blocks let one."""

from dataclasses import dataclass
from typing import Final

from models.documents.account import Account, Visibility
from models.events import PresenceShown
from models.ports import PresenceBoard
from models.services.attendance import Attendance
from models.stores.contacts import Contacts

ONLINE: Final = "online"
OFFLINE: Final = "offline"
DENY: Final = "deny"


@dataclass(frozen=True, slots=True)
class SeePresence:
    """The rules of the messaging contract, sections 4.6, 6.2 and 8, for a viewer whose own status is online."""

    contacts: Contacts
    board: PresenceBoard
    attendance: Attendance

    async def find_status(self, account: Account) -> bool | None:
        """Whether somebody who may see it would see this account online; None when nobody can tell now."""
        if account.connected_status is not None:
            return account.connected_status == ONLINE
        if account.id in self.attendance:
            return True
        looked = await self.board.look([account.id])
        if looked.online:
            return True
        return False if looked.is_sure else None

    async def is_online(self, account: Account) -> bool:
        """The same; whom nobody can tell about counts as offline."""
        return await self.find_status(account) or False

    async def __call__(self, viewer: Account, account: Account, *, is_online: bool) -> PresenceShown:
        """What the viewer may see of an account that is or is not online."""
        if account.has_blocked(viewer.number) or viewer.has_blocked(account.number):
            return PresenceShown(account.number, DENY, None)
        if is_online:
            return PresenceShown(account.number, ONLINE, None)
        match account.privacy.last_seen:
            case Visibility.ALL:
                may_see = True
            case Visibility.CONTACTS:
                may_see = await self.contacts.has(account.id, viewer.number)
            case Visibility.NONE:
                may_see = False
        if not may_see:
            return PresenceShown(account.number, DENY, None)
        return PresenceShown(account.number, OFFLINE, account.last_seen)
