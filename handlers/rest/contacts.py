"""The address book's routes on the messaging API (messaging contract 17, rows 13 to 18)."""

from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web

from handlers.rest.account_choice import read_as_account
from handlers.rest.described import Route
from handlers.rest.paths import messaging
from handlers.wire import contacts as wire
from handlers.wire.fields import read_numbers
from models.services.add_contact import AddContact
from models.services.change_contact import ChangeContact
from models.services.find_contact import FindContact
from models.services.import_contacts import ImportContacts
from models.services.list_contacts import ListContacts
from models.services.remove_contacts import RemoveContacts

_ONE = "/api/contacts/{contact_id:[0-9]+}/"


@dataclass(frozen=True, slots=True)
class ContactRoutes:
    list_all: ListContacts
    find: FindContact
    add: AddContact
    import_all: ImportContacts
    change: ChangeContact
    remove: RemoveContacts

    def routes(self) -> list[Route]:
        return [
            *messaging("GET", "/api/contacts/", self.show_all),
            *messaging("POST", "/api/contacts/add-contact/", self.post),
            *messaging("POST", "/api/contacts/import-contacts/", self.replace_all),
            *messaging("POST", "/api/contacts/remove-contacts/", self.remove_several),
            *messaging("POST", "/api/contacts/force-sync/", self.sync),
            *messaging("GET", _ONE, self.show),
            *messaging("PATCH", _ONE, self.patch),
            *messaging("DELETE", _ONE, self.delete),
        ]

    async def show_all(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        return web.json_response([wire.show_contact(listed) for listed in await self.list_all(actor)])

    async def post(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        listed = await self.add(wire.read_contact(fields, actor.account_id))
        return web.json_response(wire.show_added(listed), status=HTTPStatus.CREATED)

    async def replace_all(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        report = await self.import_all(actor, wire.read_import(fields, actor.account_id))
        return web.json_response(wire.show_import(report))

    async def remove_several(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        numbers = read_numbers(fields, "contacts")
        return web.json_response(wire.show_removed(numbers, await self.remove(actor, numbers)))

    async def sync(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        return web.json_response(wire.show_sync(await self.list_all(actor)))

    async def show(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        return web.json_response(wire.show_contact(await self.find(actor, request.match_info["contact_id"])))

    async def patch(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        contact = await self.change(actor, request.match_info["contact_id"], wire.read_names(fields))
        return web.json_response({"updated_contact": contact.number})

    async def delete(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        numbers = [request.match_info["contact_id"]]
        return web.json_response(wire.show_removed(numbers, await self.remove(actor, numbers)))
