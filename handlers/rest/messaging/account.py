"""One's own account on the messaging API (messaging contract, section 4; route table, rows 3 to 8 and 10 to 12)."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal

from aiohttp import web

from handlers.rest.account_choice import read_as_account, read_identity, read_to_prove, read_to_remove
from handlers.rest.described import OperationSpec, Route
from handlers.rest.paths import messaging
from handlers.rest.requests import CLIENT_ADDRESS
from handlers.wire.messaging import profiles as wire
from handlers.wire.messaging.request import MessagingRequest, NothingShown, parse
from models.documents.phone import Phone
from models.errors import (
    AccountExists,
    AccountNotNamed,
    CountryNotServed,
    LoginNeeded,
    RateLimited,
    RegistrationClosed,
    RegistrationPinNeeded,
    TooLong,
    WrongPin,
    WrongRegistrationPin,
)
from models.services.accounts.logins import CreateAccount
from models.services.accounts.pins import AskForCode
from models.services.accounts.profile import SetNickname, SetPrivacy, SetStatusMessage
from models.services.accounts.registration import RegisterAccount
from models.services.accounts.registration_pin import RegistrationPin
from models.services.accounts.removal import RemoveAccount
from models.services.presence.presence import Presence
from models.services.users.finding import FindAccount

_TO_PROVE = (
    "Without `account` it is the oldest for which no code was asked yet, else the oldest that is not registered."
)


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
    registration_pin: RegistrationPin

    def routes(self) -> list[Route]:
        return [
            *messaging(
                "POST",
                "/api/account/create-account/",
                self.post,
                OperationSpec(
                    "Add an account; its number gets a code by SMS.",
                    {201: wire.CodeSentShown},
                    takes=wire.NewAccount,
                    refuses=(TooLong, AccountExists, CountryNotServed, LoginNeeded, RateLimited, RegistrationClosed),
                ),
            ),
            *messaging(
                "POST",
                "/api/account/request-sms-code/",
                self.send_sms,
                OperationSpec(
                    "Send a new code by SMS.",
                    {200: wire.CodeSentShown},
                    takes=MessagingRequest,
                    refuses=(CountryNotServed, RateLimited, RegistrationClosed),
                    description=_TO_PROVE,
                ),
            ),
            *messaging(
                "POST",
                "/api/account/request-voice-code/",
                self.send_voice,
                OperationSpec(
                    "Send a new code by a call.",
                    {200: wire.CodeSentShown},
                    takes=MessagingRequest,
                    refuses=(CountryNotServed, RateLimited, RegistrationClosed),
                    description=_TO_PROVE,
                ),
            ),
            *messaging(
                "POST",
                "/api/account/register-code/",
                self.prove,
                OperationSpec(
                    "Register the account by the code that its number got.",
                    {200: wire.ProvedShown},
                    takes=wire.CodeProof,
                    refuses=(WrongPin, RateLimited, RegistrationClosed, RegistrationPinNeeded, WrongRegistrationPin),
                    description=_TO_PROVE,
                ),
            ),
            *messaging(
                "GET",
                "/api/account/registration-pin/",
                self.show_registration_pin,
                OperationSpec("Whether the account has a registration PIN.", {200: wire.RegistrationPinShown}),
            ),
            *messaging(
                "POST",
                "/api/account/registration-pin/",
                self.post_registration_pin,
                OperationSpec(
                    "Set what is asked besides the code when somebody proves the number of this account.",
                    {200: NothingShown},
                    takes=wire.RegistrationPinGiven,
                    description=(
                        "Whoever forgets it sets another one, or removes it, while signed in. It lapses when nobody has used"
                        " the account for some days (a setting)."
                    ),
                ),
            ),
            *messaging(
                "DELETE",
                "/api/account/registration-pin/",
                self.delete_registration_pin,
                OperationSpec("Remove the registration PIN.", {200: NothingShown}),
            ),
            *messaging(
                "POST",
                "/api/account/remove-account/",
                self.delete,
                OperationSpec(
                    "Remove an account and everything of it.",
                    {200: wire.AccountRemovedShown},
                    takes=wire.RemoveAccountRequest,
                    refuses=(AccountNotNamed,),
                    description="Of several accounts, one must be named.",
                ),
            ),
            *messaging(
                "GET",
                "/api/account/status-message/",
                self.show_status_message,
                OperationSpec("Your status message.", {200: wire.StatusMessageShown}),
            ),
            *messaging(
                "POST",
                "/api/account/status-message/",
                self.post_status_message,
                OperationSpec(
                    "Set your status message.",
                    {200: wire.StatusMessageShown},
                    takes=wire.StatusMessage,
                    refuses=(TooLong,),
                ),
            ),
            *messaging(
                "GET",
                "/api/account/connected-status/",
                self.show_connected_status,
                OperationSpec("Whether others see you as online.", {200: wire.ConnectedStatusShown}),
            ),
            *messaging(
                "POST",
                "/api/account/connected-status/",
                self.post_connected_status,
                OperationSpec("Be online or offline for others.", {200: NothingShown}, takes=wire.ConnectedStatus),
            ),
            *messaging(
                "GET",
                "/api/account/nickname/",
                self.show_nickname,
                OperationSpec("Your nickname.", {200: wire.NicknameShown}),
            ),
            *messaging(
                "POST",
                "/api/account/nickname/",
                self.post_nickname,
                OperationSpec("Set your nickname.", {200: NothingShown}, takes=wire.Nickname, refuses=(TooLong,)),
            ),
            *messaging(
                "GET",
                "/api/account/privacy-settings/",
                self.show_privacy,
                OperationSpec("Who may see what of you.", {200: wire.PrivacyShown}),
            ),
            *messaging(
                "POST",
                "/api/account/privacy-settings/",
                self.post_privacy,
                OperationSpec("Set who may see what of you.", {200: wire.PrivacyChangeShown}, takes=wire.PrivacyParts),
            ),
        ]

    async def post(self, request: web.Request) -> web.Response:
        identity, fields = await read_identity(request)
        asked = parse(wire.NewAccount, fields)
        await self.create(identity, Phone.from_digits(asked.account), asked.nickname, request[CLIENT_ADDRESS])
        return web.json_response(wire.show_code_sent("sms"), status=HTTPStatus.CREATED)

    async def send_sms(self, request: web.Request) -> web.Response:
        return await self._send(request, "sms")

    async def send_voice(self, request: web.Request) -> web.Response:
        return await self._send(request, "voice")

    async def _send(self, request: web.Request, channel: Literal["sms", "voice"]) -> web.Response:
        ownership, _ = await read_to_prove(request)
        await self.ask_for_code(ownership, request[CLIENT_ADDRESS], channel)
        return web.json_response(wire.show_code_sent(channel))

    async def prove(self, request: web.Request) -> web.Response:
        ownership, fields = await read_to_prove(request)
        proof, device = parse(wire.CodeProof, fields), request.headers.get("User-Agent", "")
        await self.register(ownership, proof.code, device, request[CLIENT_ADDRESS], proof.registration_pin)
        return web.json_response(wire.show_proved(ownership.number))

    async def show_registration_pin(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        return web.json_response({"registration_pin": await self.registration_pin.is_set(actor)})

    async def post_registration_pin(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        await self.registration_pin.set(actor, parse(wire.RegistrationPinGiven, fields).registration_pin)
        return web.json_response({})

    async def delete_registration_pin(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        await self.registration_pin.remove(actor)
        return web.json_response({})

    async def delete(self, request: web.Request) -> web.Response:
        ownership, fields = await read_to_remove(request)
        await self.remove(ownership, parse(wire.RemoveAccountRequest, fields).feedback)
        return web.json_response(wire.show_removed(ownership.number))

    async def show_status_message(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        return web.json_response(wire.show_status_message((await self.find(actor)).status_message))

    async def post_status_message(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        text = parse(wire.StatusMessage, fields).status_message
        await self.set_status_message(actor, text)
        return web.json_response(wire.show_status_message(text))

    async def show_connected_status(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        is_online = await self.presence.is_online(await self.find(actor))
        return web.json_response(wire.show_connected_status(is_online=is_online))

    async def post_connected_status(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        await self.presence.declare(actor, is_online=parse(wire.ConnectedStatus, fields).connected_status)
        return web.json_response({})

    async def show_nickname(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        return web.json_response(wire.show_nickname((await self.find(actor)).nickname))

    async def post_nickname(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        await self.set_nickname(actor, parse(wire.Nickname, fields).nickname)
        return web.json_response({})

    async def show_privacy(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        return web.json_response(wire.show_privacy((await self.find(actor)).privacy))

    async def post_privacy(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        parts = parse(wire.PrivacyParts, fields).given
        await self.set_privacy(actor, parts)
        return web.json_response(wire.show_privacy_change(parts))
