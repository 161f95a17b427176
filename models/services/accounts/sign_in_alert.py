"""Notifies an account's other devices of a new sign-in, so that its owner notices somebody else's."""

import logging
from dataclasses import dataclass

from models.documents.account import Account
from models.documents.notification import SIGN_IN, Notification
from models.documents.plain_line import quoted
from models.documents.session import device_name
from models.facts import SignedInElsewhere
from models.languages.language import Language
from models.ports import Clock, Fanout
from models.services.notifications.queue import Notify
from models.stores.languages import Languages
from models.stores.ownerships import Ownerships

log = logging.getLogger(__name__)

DEVICE_SHOWN_CHARS = 60


@dataclass(frozen=True, slots=True)
class NotifySignIn:
    """Notifies connected clients by a socket event, and other devices by a push. No failure here stops the sign-in.

    The name of the new device is the client's own claim.
    """

    ownerships: Ownerships
    languages: Languages
    fanout: Fanout
    notify: Notify
    clock: Clock

    async def __call__(self, account: Account, session_id: str, device: str) -> None:
        """Notify the devices of an account that was registered before, after somebody proved its number."""
        now, name = self.clock.now(), quoted(device_name(device), DEVICE_SHOWN_CHARS)
        self.fanout.publish(SignedInElsewhere(session_id, name, now), [account.id])
        try:
            reader = (await self.languages.map_readers([account.id]))[account.id]
            push = Notification(
                key=f"{SIGN_IN} {session_id} {account.id} {now.isoformat()}",
                account_id=account.id,
                alert=_alert(reader, name),
                type=SIGN_IN,
                at=now,
                data={"session": session_id},
            )
            await self.notify.push([push])
        except Exception as error:  # noqa: BLE001 (the code is used up, so the sign-in must go on)
            log.warning("a sign-in of account %d was not pushed: %s", account.id, type(error).__name__)

    async def of_login(self, login_id: int, session_id: str, device: str) -> None:
        """Notify the connected clients of a login's accounts, after somebody gave its password.

        There are no pushes for this: programs sign in by password every hour.
        """
        owned = [each.account_id for each in await self.ownerships.list_of_login(login_id) if each.is_proved]
        if owned:
            name = quoted(device_name(device), DEVICE_SHOWN_CHARS)
            self.fanout.publish(SignedInElsewhere(session_id, name, self.clock.now()), owned)


def _alert(reader: Language, device: str) -> str:
    if not device:
        return reader.gettext("Your number was used to sign in. Was it not you? End that session.")
    return reader.gettext(
        "Your number was used to sign in by {device}. Was it not you? End that session.", device=device
    )
