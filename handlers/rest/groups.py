"""The routes of groups on the messaging API (messaging contract 17, rows 49 to 53 and 59 to 63)."""

from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web

from handlers.rest.account_choice import read_as_account
from handlers.rest.described import Route
from handlers.rest.paths import messaging
from handlers.wire import groups as wire
from handlers.wire.fields import read_number, read_numbers
from models.documents.chat import Role
from models.services.add_participant import AddParticipant
from models.services.create_group import CreateGroup
from models.services.leave_group import LeaveGroup
from models.services.list_groups import ListGroups
from models.services.remove_participant import RemoveParticipant
from models.services.set_role import SetRole
from models.services.set_subject import SetSubject
from models.services.show_group import ShowGroup

_ONE = "/api/groups/{group:[0-9]+-[0-9]+}/"


@dataclass(frozen=True, slots=True)
class GroupRoutes:
    create: CreateGroup
    list_all: ListGroups
    find: ShowGroup
    set_subject: SetSubject
    add: AddParticipant
    remove: RemoveParticipant
    set_role: SetRole
    leave: LeaveGroup

    def routes(self) -> list[Route]:
        return [
            *messaging("POST", "/api/groups/create-group/", self.post),
            *messaging("GET", "/api/groups/info-all/", self.show_all),
            *messaging("GET", _ONE + "info/", self.show),
            *messaging("POST", "/api/groups/subject/", self.change_subject),
            *messaging("GET", _ONE + "subject/", self.show_subject),
            *messaging("POST", _ONE + "subject/", self.change_subject),
            *messaging("POST", _ONE + "add-participant/", self.add_participant),
            *messaging("POST", _ONE + "remove-participant/", self.remove_participant),
            *messaging("POST", _ONE + "promote-participant/", self.promote_participant),
            *messaging("POST", _ONE + "demote-participant/", self.demote_participant),
            *messaging("POST", _ONE + "leave/", self.leave_group),
        ]

    async def post(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        subject = wire.read_subject(fields)
        chat = await self.create(actor, read_numbers(fields, "participants"), subject)
        return web.json_response(wire.show_created(chat), status=HTTPStatus.CREATED)

    async def show_all(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        return web.json_response(wire.show_groups(await self.list_all(actor)))

    async def show(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        return web.json_response(wire.show_group(await self.find(actor, request.match_info["group"])))

    async def show_subject(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        group = await self.find(actor, request.match_info["group"])
        return web.json_response({"subject": group.chat.subject})

    async def change_subject(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        group = request.match_info.get("group") or wire.read_group_id(fields)
        await self.set_subject(actor, group, wire.read_subject(fields))
        return web.json_response({})

    async def add_participant(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        await self.add(actor, request.match_info["group"], read_number(fields, "contact"))
        return web.json_response({})

    async def remove_participant(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        await self.remove(actor, request.match_info["group"], read_number(fields, "contact"))
        return web.json_response({})

    async def promote_participant(self, request: web.Request) -> web.Response:
        return await self._give_role(request, Role.ADMIN)

    async def demote_participant(self, request: web.Request) -> web.Response:
        return await self._give_role(request, Role.MEMBER)

    async def leave_group(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        await self.leave(actor, request.match_info["group"])
        return web.json_response({})

    async def _give_role(self, request: web.Request, role: Role) -> web.Response:
        actor, fields = await read_as_account(request)
        await self.set_role(actor, request.match_info["group"], read_number(fields, "contact"), role)
        return web.json_response({})
