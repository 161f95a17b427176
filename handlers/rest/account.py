"""One's own account on the messaging API (messaging contract, section 4; route table, rows 3 to 8 and 10 to 12)."""

from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web

from handlers.rest.account_choice import read_as_account, read_identity, read_to_prove, read_to_remove
from handlers.rest.described import Route
from handlers.rest.paths import messaging
from handlers.rest.requests import CLIENT_ADDRESS
from handlers.wire import profiles as wire
from handlers.wire.fields import read_number
from models.documents.phone import Phone
from models.services.ask_for_code import AskForCode
from models.services.create_account import CreateAccount
from models.services.find_account import FindAccount
from models.services.presence import OFFLINE, ONLINE, Presence
from models.services.register_account import RegisterAccount
from models.services.remove_account import RemoveAccount
from models.services.set_nickname import SetNickname
from models.services.set_privacy import SetPrivacy
from models.services.set_status_message import SetStatusMessage


@dataclass(frozen=True, slots=True)
class AccountRoutes:
    create: CreateAccount
    ask_for_code: AskForCode
    register: RegisterAccount
    remove: RemoveAccount
    find: FindAccount
    set_status_message: SetStatusMessage
    set_nickname: SetNickname
    set_privacy: SetPrivacy
    presence: Presence

    def routes(self) -> list[Route]:
        return [
            *messaging("POST", "/api/account/create-account/", self.post),
            *messaging("POST", "/api/account/request-sms-code/", self.send_sms),
            *messaging("POST", "/api/account/request-voice-code/", self.send_voice),
            *messaging("POST", "/api/account/register-code/", self.prove),
            *messaging("POST", "/api/account/remove-account/", self.delete),
            *messaging("GET", "/api/account/status-message/", self.show_status_message),
            *messaging("POST", "/api/account/status-message/", self.post_status_message),
            *messaging("GET", "/api/account/connected-status/", self.show_connected_status),
            *messaging("POST", "/api/account/connected-status/", self.post_connected_status),
            *messaging("GET", "/api/account/nickname/", self.show_nickname),
            *messaging("POST", "/api/account/nickname/", self.post_nickname),
            *messaging("GET", "/api/account/privacy-settings/", self.show_privacy),
            *messaging("POST", "/api/account/privacy-settings/", self.post_privacy),
        ]

    async def post(self, request: web.Request) -> web.Response:
        identity, fields = await read_identity(request)
        phone = Phone.from_digits(read_number(fields, "account"))
        await self.create(identity, phone, wire.find_nickname(fields), request[CLIENT_ADDRESS])
        return web.json_response(wire.show_code_sent("sms"), status=HTTPStatus.CREATED)

    async def send_sms(self, request: web.Request) -> web.Response:
        return await self._send(request, "sms")

    async def send_voice(self, request: web.Request) -> web.Response:
        return await self._send(request, "voice")

    async def _send(self, request: web.Request, channel: str) -> web.Response:
        ownership, _ = await read_to_prove(request)
        await self.ask_for_code(ownership, request[CLIENT_ADDRESS], channel)
        return web.json_response(wire.show_code_sent(channel))

    async def prove(self, request: web.Request) -> web.Response:
        ownership, fields = await read_to_prove(request)
        await self.register(ownership, wire.read_code(fields))
        number = ownership.number
        return web.json_response({"id": "code_register", "account": number, "login": number, "registered": True})

    async def delete(self, request: web.Request) -> web.Response:
        ownership, fields = await read_to_remove(request)
        await self.remove(ownership, wire.read_feedback(fields))
        return web.json_response({"removed_account": ownership.number})

    async def show_status_message(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        return web.json_response({"status_message": (await self.find(actor)).status_message})

    async def post_status_message(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        text = wire.read_status_message(fields)
        await self.set_status_message(actor, text)
        return web.json_response({"status_message": text})

    async def show_connected_status(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        is_online = await self.presence.is_online(await self.find(actor))
        return web.json_response({"connected_status": ONLINE if is_online else OFFLINE})

    async def post_connected_status(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        await self.presence.declare(actor, is_online=wire.read_connected_status(fields))
        return web.json_response({})

    async def show_nickname(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        return web.json_response({"nickname": (await self.find(actor)).nickname or None})

    async def post_nickname(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        await self.set_nickname(actor, wire.read_nickname(fields))
        return web.json_response({})

    async def show_privacy(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        return web.json_response(wire.show_privacy((await self.find(actor)).privacy))

    async def post_privacy(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        parts = wire.read_privacy(fields)
        await self.set_privacy(actor, parts)
        return web.json_response(wire.show_privacy(parts))
