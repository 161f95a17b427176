"""Reports of people and groups to the operator (docs/messaging-api.md, "Reports")."""

from dataclasses import dataclass

from aiohttp import web

from handlers.rest.account_choice import read_as_account
from handlers.rest.described import OperationSpec, Route
from handlers.rest.paths import messaging
from handlers.rest.requests import path_number
from handlers.wire.messaging.reports import ReportMade
from handlers.wire.messaging.request import NothingShown, parse
from models.errors import ChatNotFound, MessageNotFound, RateLimited, TooLong
from models.services.chats.report import ReportAbuse

_ABOUT = "Nobody else is told. Up to 20 messages are copied for the operator as you see them."


@dataclass(frozen=True, slots=True)
class ReportRoutes:
    report: ReportAbuse

    def routes(self) -> list[Route]:
        refuses = (TooLong, MessageNotFound, RateLimited)
        return [
            *messaging(
                "POST",
                "/api/contacts/{contact_id:[0-9]+}/report/",
                self.report_contact,
                OperationSpec(
                    "Report somebody to the operator.",
                    {200: NothingShown},
                    takes=ReportMade,
                    refuses=refuses,
                    description=_ABOUT,
                ),
            ),
            *messaging(
                "POST",
                "/api/groups/{group:[0-9]+-[0-9]+}/report/",
                self.report_group,
                OperationSpec(
                    "Report a group that you are in, or were.",
                    {200: NothingShown},
                    takes=ReportMade,
                    refuses=(ChatNotFound, *refuses),
                    description=_ABOUT,
                ),
            ),
        ]

    async def report_contact(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        asked = parse(ReportMade, fields)
        await self.report.of_contact(actor, path_number(request), asked.reason or "", asked.message_ids)
        return web.json_response({})

    async def report_group(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        asked = parse(ReportMade, fields)
        await self.report.of_group(actor, request.match_info["group"], asked.reason or "", asked.message_ids)
        return web.json_response({})
