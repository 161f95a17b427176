"""Tells an account's other devices that somebody has signed in, so that an owner notices who is none."""

import logging
from dataclasses import dataclass

from models.documents.account import Account
from models.documents.notification import SIGN_IN, Notification
from models.documents.plain_line import quoted
from models.documents.session import device_name
from models.facts import SignedInElsewhere
from models.ports import Clock, Fanout
from models.services.notifications.queue import Notify
from models.stores.ownerships import Ownerships

log = logging.getLogger(__name__)

DEVICE_SHOWN_CHARS = 60


@dataclass(frozen=True, slots=True)
class NotifySignIn:
    """To open clients by a socket event, to the others by a push. Neither keeps anybody out when it fails. What a device is called is the client's own word."""

    ownerships: Ownerships
    fanout: Fanout
    notify: Notify
    clock: Clock

    async def __call__(self, account: Account, session_id: str, device: str) -> None:
        """Somebody proved the number of this account, which was registered before."""
        now, name = self.clock.now(), quoted(device_name(device), DEVICE_SHOWN_CHARS)
        self.fanout.publish(SignedInElsewhere(session_id, name, now), [account.id])
        push = Notification(
            key=f"{SIGN_IN} {session_id} {account.id} {now.isoformat()}",
            account_id=account.id,
            alert=f"Your number was used to sign in{f' by {name}' if name else ''}. Was it not you? End that session.",
            type=SIGN_IN,
            at=now,
            data={"session": session_id},
        )
        try:
            await self.notify.push([push])
        except Exception as error:  # noqa: BLE001 (the code is used up: whoever proved the number must get in)
            log.warning("a sign-in of account %d was not pushed: %s", account.id, type(error).__name__)

    async def of_login(self, login_id: int, session_id: str, device: str) -> None:
        """Somebody gave the password of a login: the open clients of its accounts are told, as programs do so by the hour."""
        owned = [each.account_id for each in await self.ownerships.list_of_login(login_id) if each.is_proved]
        if owned:
            name = quoted(device_name(device), DEVICE_SHOWN_CHARS)
            self.fanout.publish(SignedInElsewhere(session_id, name, self.clock.now()), owned)
