"""The routes of groups on the messaging API (messaging contract 17, rows 49 to 53 and 59 to 63)."""

from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web

from handlers.rest.account_choice import read_as_account
from handlers.rest.described import OperationSpec, Route
from handlers.rest.paths import messaging
from handlers.wire.messaging import groups as wire
from handlers.wire.messaging.request import MessagingRequest, NothingShown, parse
from models.documents.chat import Role
from models.errors import (
    ChatNotFound,
    GroupFull,
    NotAContact,
    NotAnAdmin,
    ParticipantNotFound,
    RateLimited,
    TooLong,
)
from models.services.groups.groups import CreateGroup, GetGroup, ListGroups, SetSubject
from models.services.groups.members import AddParticipant, LeaveGroup, RemoveParticipant, SetRole

_ONE = "/api/groups/{group:[0-9]+-[0-9]+}/"


@dataclass(frozen=True, slots=True)
class GroupRoutes:
    create: CreateGroup
    list_all: ListGroups
    find: GetGroup
    set_subject: SetSubject
    add: AddParticipant
    remove: RemoveParticipant
    set_role: SetRole
    leave: LeaveGroup

    def routes(self) -> list[Route]:
        return [
            *messaging(
                "POST",
                "/api/groups/create-group/",
                self.post,
                OperationSpec(
                    "Found a group.",
                    {201: wire.CreatedShown},
                    takes=wire.NewGroup,
                    refuses=(TooLong, NotAContact, GroupFull, RateLimited),
                ),
            ),
            *messaging(
                "GET", "/api/groups/info-all/", self.show_all, OperationSpec("Your groups.", {200: wire.GroupsShown})
            ),
            *messaging(
                "GET",
                _ONE + "info/",
                self.show,
                OperationSpec("One group.", {200: wire.GroupShown}, refuses=(ChatNotFound,)),
            ),
            *messaging(
                "POST",
                "/api/groups/subject/",
                self.change_named_subject,
                OperationSpec(
                    "Change the subject of the group that the body names.",
                    {200: NothingShown},
                    takes=wire.NamedGroupSubject,
                    refuses=(TooLong, ChatNotFound),
                ),
            ),
            *messaging(
                "GET",
                _ONE + "subject/",
                self.show_subject,
                OperationSpec("A group's subject.", {200: wire.SubjectShown}, refuses=(ChatNotFound,)),
            ),
            *messaging(
                "POST",
                _ONE + "subject/",
                self.change_subject,
                OperationSpec(
                    "Change a group's subject.",
                    {200: NothingShown},
                    takes=wire.GroupSubject,
                    refuses=(TooLong, ChatNotFound),
                ),
            ),
            *messaging(
                "POST",
                _ONE + "add-participant/",
                self.add_participant,
                OperationSpec(
                    "Bring a contact into a group; for its admins.",
                    {200: NothingShown},
                    takes=wire.Participant,
                    refuses=(ChatNotFound, NotAnAdmin, NotAContact, GroupFull),
                ),
            ),
            *messaging(
                "POST",
                _ONE + "remove-participant/",
                self.remove_participant,
                OperationSpec(
                    "Take somebody out of a group; for its admins.",
                    {200: NothingShown},
                    takes=wire.Participant,
                    refuses=(ChatNotFound, NotAnAdmin, ParticipantNotFound),
                ),
            ),
            *messaging(
                "POST",
                _ONE + "promote-participant/",
                self.promote_participant,
                OperationSpec(
                    "Make somebody an admin; for admins.",
                    {200: NothingShown},
                    takes=wire.Participant,
                    refuses=(ChatNotFound, NotAnAdmin, ParticipantNotFound),
                ),
            ),
            *messaging(
                "POST",
                _ONE + "demote-participant/",
                self.demote_participant,
                OperationSpec(
                    "Make an admin an ordinary participant; for admins.",
                    {200: NothingShown},
                    takes=wire.Participant,
                    refuses=(ChatNotFound, NotAnAdmin, ParticipantNotFound),
                ),
            ),
            *messaging(
                "POST",
                _ONE + "leave/",
                self.leave_group,
                OperationSpec(
                    "Leave a group.",
                    {200: NothingShown},
                    takes=MessagingRequest,
                    refuses=(ChatNotFound,),
                    description="If it was the last admin, the longest-standing participant becomes one.",
                ),
            ),
        ]

    async def post(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        asked = parse(wire.NewGroup, fields)
        chat = await self.create(actor, asked.participants, asked.subject)
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
        return web.json_response(wire.show_subject(group.chat))

    async def change_subject(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        await self.set_subject(actor, request.match_info["group"], parse(wire.GroupSubject, fields).subject)
        return web.json_response({})

    async def change_named_subject(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        asked = parse(wire.NamedGroupSubject, fields)
        await self.set_subject(actor, asked.group_id, asked.subject)
        return web.json_response({})

    async def add_participant(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        await self.add(actor, request.match_info["group"], parse(wire.Participant, fields).contact)
        return web.json_response({})

    async def remove_participant(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        await self.remove(actor, request.match_info["group"], parse(wire.Participant, fields).contact)
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
        await self.set_role(actor, request.match_info["group"], parse(wire.Participant, fields).contact, role)
        return web.json_response({})
