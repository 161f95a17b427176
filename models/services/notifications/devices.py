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
    """Lists the devices of accounts. A device lasts as long as its sign-in: a phone whose session was revoked may be anybody's.

    This is checked here, before each notification, so that no way to end a session can forget it.
    """

    devices: Devices
    sessions: Sessions
    ownerships: Ownerships
    clock: Clock

    async def __call__(self, account_id: int) -> list[Device]:
        """Returns the devices, newest first, and removes those that are signed out."""
        devices = await self.devices.list_of(account_id)
        alive = await self.sessions.list_alive({device.session_id for device in devices}, self.clock.now())
        speaking = {session.id for session in await self._speaking_for(account_id, alive)}
        for device in devices:
            if device.session_id not in speaking:
                await self.devices.remove_gone(device.token, device.registered_at)
                log.info("a device of account %d is signed out", account_id)
        return [device for device in devices if device.session_id in speaking]

    async def _speaking_for(self, account_id: int, sessions: list[Session]) -> list[Session]:
        """Returns the devices whose session may act for the account: a login may only while it owns the account."""
        if all(session.login_id is None for session in sessions):
            return [session for session in sessions if session.account_id == account_id]
        owners = {each.login_id for each in await self.ownerships.list_of_account(account_id) if each.is_proved}
        return [session for session in sessions if session.account_id == account_id or session.login_id in owners]


@dataclass(frozen=True, slots=True)
class AddDevice:
    """Adds a device, any number of times; the account that added it last has it, alone (docs/events-api.md, "Devices")."""

    devices: Devices
    clock: Clock

    async def __call__(self, actor: Actor, token: str) -> None:
        await self.devices.append(Device(token, actor.account_id, actor.session_id, self.clock.now()))


@dataclass(frozen=True, slots=True)
class RemoveDevice:
    """Removes a device of the account."""

    devices: Devices

    async def __call__(self, actor: Actor, token: str) -> bool:
        """Returns False if the account has no such device."""
        return await self.devices.remove(token, actor.account_id)
