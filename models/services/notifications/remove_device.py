"""Takes a device from its account: it gets no more notifications."""

from dataclasses import dataclass

from models.documents.session import Actor
from models.stores.devices import Devices


@dataclass(frozen=True, slots=True)
class RemoveDevice:
    """Only one's own."""

    devices: Devices

    async def __call__(self, actor: Actor, token: str) -> bool:
        """False when the account has no such device."""
        return await self.devices.remove(token, actor.account_id)
