"""Polls on the messaging API (docs/messaging-api.md, "Polls")."""

from dataclasses import dataclass

import orjson
from aiohttp import web

from handlers.rest.account_choice import read_as_account
from handlers.rest.described import OperationSpec, Route
from handlers.rest.links import Links
from handlers.rest.messaging.messages import SEND_REFUSALS, find_sent
from handlers.rest.paths import messaging
from handlers.wire.messaging import messages as wire
from handlers.wire.messaging.polls import PollToSend, VotedShown, VoteToCast, read_place, show_voted
from handlers.wire.messaging.request import parse
from models.documents.entry import Vote
from models.errors import (
    ChatNotFound,
    ClientIdReused,
    ContactBlocked,
    DomainError,
    Forbidden,
    MessageDeleted,
    MessageNotFound,
    PollClosed,
    RateLimited,
    TooLong,
)
from models.services.chats.change import ChangeMessage
from models.services.chats.send import SendMessage


@dataclass(frozen=True, slots=True)
class PollRoutes:
    """Sends polls, and votes in them: by the services of the sockets."""

    send: SendMessage
    change: ChangeMessage
    links: Links

    def routes(self) -> list[Route]:
        return [
            *messaging(
                "POST",
                "/api/messages/send-poll/",
                self.send_poll,
                OperationSpec(
                    "Send a poll.", {200: wire.SentShown}, takes=PollToSend, refuses=(TooLong, *SEND_REFUSALS)
                ),
            ),
            *messaging(
                "POST",
                "/api/messages/{message_id}/vote/",
                self.vote,
                OperationSpec(
                    "Vote in a poll, change your vote, or take it back.",
                    {200: VotedShown},
                    takes=VoteToCast,
                    refuses=(
                        TooLong,
                        ChatNotFound,
                        MessageNotFound,
                        MessageDeleted,
                        PollClosed,
                        ContactBlocked,
                        Forbidden,
                        ClientIdReused,
                        RateLimited,
                    ),
                ),
            ),
        ]

    async def send_poll(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        try:
            asked = parse(PollToSend, fields)
        except DomainError as refusal:
            entry = await find_sent(self.send, actor, fields, refusal)
        else:
            entry = await self.send(actor, asked.target, asked.draft(), asked.client_id)
        return web.json_response(wire.show_sent(entry, self.links.shown_in(request)))

    async def vote(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        asked = parse(VoteToCast, fields)
        target, seq = read_place(request.match_info["message_id"])
        submission = await self.change.submit_vote(actor, target, seq, asked.options, asked.client_id)
        entry, message = await self.change.finish(submission, Vote)
        return web.json_response(text=orjson.dumps(show_voted(entry, message)).decode())
