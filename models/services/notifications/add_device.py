"""Registers a device for an account's notifications."""

from dataclasses import dataclass

from models.documents.notification import Device
from models.documents.session import Actor
from models.ports import Clock
from models.stores.devices import Devices


@dataclass(frozen=True, slots=True)
class AddDevice:
    """As often as is liked; whoever registers a device last has it, and nobody else (events contract, section 4)."""

    devices: Devices
    clock: Clock

    async def __call__(self, actor: Actor, token: str) -> None:
        await self.devices.append(Device(token, actor.account_id, actor.session_id, self.clock.now()))
