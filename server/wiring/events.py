"""The events API's own doors: users, devices, events, and the pages of an invitation."""

from handlers.rest.described import Route
from handlers.rest.devices import DeviceRoutes
from models.services.add_device import AddDevice
from models.services.remove_device import RemoveDevice
from server.wiring.domain import Domain
from server.wiring.users import user_routes


def events_routes(domain: Domain) -> list[Route]:
    return [*user_routes(domain), *_devices(domain).routes()]


def _devices(domain: Domain) -> DeviceRoutes:
    devices = domain.stores.devices
    return DeviceRoutes(AddDevice(devices, domain.clock), RemoveDevice(devices))
