"""The address book on the messaging API (docs/messaging-api.md, "Contacts")."""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus

import orjson
from aiohttp import web

from handlers.rest.account_choice import read_as_account
from handlers.rest.described import OperationSpec, Route
from handlers.rest.paths import messaging
from handlers.rest.requests import path_number
from handlers.wire.messaging import contacts as wire
from handlers.wire.messaging.request import MessagingRequest, parse
from models.errors import ContactExists, ContactNotFound, ContactsFull, TooLong, TooManyNewNumbers
from models.services.contacts.address_book import (
    AddContact,
    ChangeContact,
    FindContact,
    ImportContacts,
    ListContacts,
    RemoveContacts,
)

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
            *messaging(
                "GET",
                "/api/contacts/",
                self.show_all,
                OperationSpec("Your address book.", {200: list[wire.ContactShown]}),
            ),
            *messaging(
                "POST",
                "/api/contacts/add-contact/",
                self.post,
                OperationSpec(
                    "Add one contact.",
                    {201: wire.AddedShown},
                    takes=wire.NewContact,
                    refuses=(TooLong, ContactExists, ContactsFull, TooManyNewNumbers),
                ),
            ),
            *messaging(
                "POST",
                "/api/contacts/import-contacts/",
                self.replace_all,
                OperationSpec(
                    "Replace the whole address book.",
                    {200: wire.ImportShown},
                    takes=wire.ContactsImport,
                    refuses=(TooLong, ContactsFull, TooManyNewNumbers),
                ),
            ),
            *messaging(
                "POST",
                "/api/contacts/remove-contacts/",
                self.remove_several,
                OperationSpec(
                    "Remove several contacts.",
                    {200: wire.RemovedShown | wire.SeveralRemovedShown | wire.NoneRemovedShown},
                    takes=wire.ContactsToRemove,
                    refuses=(ContactNotFound,),
                    description="One number alone is removed as by DELETE: with its answer, and with 404 if it is no contact.",
                ),
            ),
            *messaging(
                "POST",
                "/api/contacts/force-sync/",
                self.sync,
                OperationSpec(
                    "Which of your contacts use Parley.",
                    {200: wire.SyncShown},
                    takes=MessagingRequest,
                    description="Contacts are always in sync here; this is only a report.",
                ),
            ),
            *messaging(
                "GET",
                _ONE,
                self.show,
                OperationSpec("One contact.", {200: wire.ContactShown}, refuses=(ContactNotFound,)),
            ),
            *messaging(
                "PATCH",
                _ONE,
                self.patch,
                OperationSpec(
                    "Change the names of a contact.",
                    {200: wire.ChangedShown},
                    takes=wire.ContactNames,
                    refuses=(TooLong, ContactNotFound),
                ),
            ),
            *messaging(
                "DELETE",
                _ONE,
                self.delete,
                OperationSpec("Remove one contact.", {200: wire.RemovedShown}, refuses=(ContactNotFound,)),
            ),
        ]

    async def show_all(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        shown = [wire.show_contact(listed) for listed in await self.list_all(actor)]
        # There may be thousands: the json module takes ten times as long.
        return web.json_response(text=orjson.dumps(shown).decode())

    async def post(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        listed = await self.add(actor, parse(wire.NewContact, fields).owned_by(actor.account_id))
        return web.json_response(wire.show_added(listed), status=HTTPStatus.CREATED)

    async def replace_all(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        # In a thread: numbers with characters that valid ones do not have are parsed, which takes 0.1 ms each.
        entries = (await asyncio.to_thread(parse, wire.ContactsImport, fields)).contacts
        report = await self.import_all(actor, [entry.owned_by(actor.account_id) for entry in entries])
        return web.json_response(wire.show_import(report))

    async def remove_several(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        numbers = parse(wire.ContactsToRemove, fields).contacts
        return web.json_response(wire.show_removed(numbers, await self.remove(actor, numbers)))

    async def sync(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        return web.json_response(wire.show_sync(await self.list_all(actor)))

    async def show(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        return web.json_response(wire.show_contact(await self.find(actor, path_number(request))))

    async def patch(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        names = parse(wire.ContactNames, fields).given
        contact = await self.change(actor, path_number(request), names)
        return web.json_response(wire.show_changed(contact))

    async def delete(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        numbers = [path_number(request)]
        return web.json_response(wire.show_removed(numbers, await self.remove(actor, numbers)))
