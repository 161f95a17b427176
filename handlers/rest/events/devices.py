"""Devices: where an account's notifications go (docs/events-api.md, "Devices")."""

from dataclasses import dataclass

from aiohttp import web

from handlers.rest.account_choice import read_as_account
from handlers.rest.described import OperationSpec, Route
from handlers.rest.paths import events
from handlers.rest.requests import language_of, read_shape
from handlers.wire.events.devices import AddedDevice, DeviceToken, RemovedDevice
from models.services.accounts.language import NoteLanguage
from models.services.notifications.devices import AddDevice, RemoveDevice


@dataclass(frozen=True, slots=True)
class DeviceRoutes:
    """`/notifications/…`."""

    add_device: AddDevice
    remove_device: RemoveDevice
    note_language: NoteLanguage

    def routes(self) -> list[Route]:
        return [
            *events(
                "POST",
                "/notifications/add_ios_device",
                self.add,
                OperationSpec(
                    "Register a device; from another account that had it, it is taken.", {200: AddedDevice}, DeviceToken
                ),
            ),
            *events(
                "POST",
                "/notifications/remove_ios_device",
                self.remove,
                OperationSpec("Take one of the account's own devices away.", {200: RemovedDevice}, DeviceToken),
            ),
        ]

    async def add(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        token = read_shape(DeviceToken, fields).token
        await self.add_device(actor, token)
        await self.note_language(actor.account_id, language_of(request))
        return web.json_response(AddedDevice(token=token, user_id=actor.account_id))

    async def remove(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        token = read_shape(DeviceToken, fields).token
        if await self.remove_device(actor, token):
            shown = RemovedDevice(success=True, token=token, user_id=actor.account_id)
        else:
            shown = RemovedDevice(success=False, reason="You have no device with this token.")
        return web.json_response(shown)
