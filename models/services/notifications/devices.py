"""Devices: listing, adding and removing where an account's notifications go."""

import logging
from dataclasses import dataclass

from models.documents.notification import Device
from models.documents.session import Actor, Session
from models.ports import Clock
from models.stores.devices import Devices
from models.stores.ownerships import Ownerships
from models.stores.sessions import Sessions

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ListDevices:
    """A device lasts as long as the sign-in that registered it: a phone whose session was revoked may be anybody's.

    It is asked here, before each notification, so that no way to end a session can forget it.
    """

    devices: Devices
    sessions: Sessions
    ownerships: Ownerships
    clock: Clock

    async def __call__(self, account_id: int) -> list[Device]:
        """Newest first. Those that are not signed in any more are forgotten."""
        devices = await self.devices.list_of(account_id)
        alive = await self.sessions.list_alive({device.session_id for device in devices}, self.clock.now())
        speaking = {session.id for session in await self._speaking_for(account_id, alive)}
        for device in devices:
            if device.session_id not in speaking:
                await self.devices.remove_gone(device.token, device.registered_at)
                log.info("a device of account %d is signed out", account_id)
        return [device for device in devices if device.session_id in speaking]

    async def _speaking_for(self, account_id: int, sessions: list[Session]) -> list[Session]:
        """A login speaks for an account only while it owns it."""
        if all(session.login_id is None for session in sessions):
            return [session for session in sessions if session.account_id == account_id]
        owners = {each.login_id for each in await self.ownerships.list_of_account(account_id) if each.is_proved}
        return [session for session in sessions if session.account_id == account_id or session.login_id in owners]


@dataclass(frozen=True, slots=True)
class AddDevice:
    """As often as is liked; whoever registers a device last has it, and nobody else (events contract, section 4)."""

    devices: Devices
    clock: Clock

    async def __call__(self, actor: Actor, token: str) -> None:
        await self.devices.append(Device(token, actor.account_id, actor.session_id, self.clock.now()))


@dataclass(frozen=True, slots=True)
class RemoveDevice:
    """Only one's own."""

    devices: Devices

    async def __call__(self, actor: Actor, token: str) -> bool:
        """False when the account has no such device."""
        return await self.devices.remove(token, actor.account_id)
