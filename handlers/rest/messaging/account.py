"""An account's own data on the messaging API (docs/messaging-api.md, "Accounts")."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal

from aiohttp import web

from handlers.rest.account_choice import read_as_account, read_identity, read_to_prove, read_to_remove
from handlers.rest.described import OperationSpec, Route
from handlers.rest.paths import messaging
from handlers.rest.requests import CLIENT_ADDRESS, language_of
from handlers.wire.messaging import accounts as wire
from handlers.wire.messaging import profiles
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
    UnknownLanguage,
    WrongPin,
    WrongRegistrationPin,
)
from models.services.accounts.language import ChooseLanguage, FindLanguage
from models.services.accounts.logins import CreateAccount
from models.services.accounts.pins import AskForCode
from models.services.accounts.profile import (
    FindLinkPreviews,
    FindReadReceipts,
    SetLinkPreviews,
    SetNickname,
    SetPrivacy,
    SetStatusMessage,
)
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
    find_read_receipts: FindReadReceipts
    find_link_previews: FindLinkPreviews
    set_link_previews: SetLinkPreviews
    has_link_previews: bool  # of this server
    presence: Presence
    registration_pin: RegistrationPin
    find_language: FindLanguage
    choose_language: ChooseLanguage

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
                OperationSpec("Your status message.", {200: profiles.StatusMessageShown}),
            ),
            *messaging(
                "POST",
                "/api/account/status-message/",
                self.post_status_message,
                OperationSpec(
                    "Set your status message.",
                    {200: profiles.StatusMessageShown},
                    takes=profiles.StatusMessage,
                    refuses=(TooLong,),
                ),
            ),
            *messaging(
                "GET",
                "/api/account/connected-status/",
                self.show_connected_status,
                OperationSpec("Whether others see you as online.", {200: profiles.ConnectedStatusShown}),
            ),
            *messaging(
                "POST",
                "/api/account/connected-status/",
                self.post_connected_status,
                OperationSpec("Be online or offline for others.", {200: NothingShown}, takes=profiles.ConnectedStatus),
            ),
            *messaging(
                "GET",
                "/api/account/nickname/",
                self.show_nickname,
                OperationSpec("Your nickname.", {200: profiles.NicknameShown}),
            ),
            *messaging(
                "POST",
                "/api/account/nickname/",
                self.post_nickname,
                OperationSpec("Set your nickname.", {200: NothingShown}, takes=profiles.Nickname, refuses=(TooLong,)),
            ),
            *messaging(
                "GET",
                "/api/account/language/",
                self.show_language,
                OperationSpec("The language in which you are written to.", {200: profiles.LanguageShown}),
            ),
            *messaging(
                "POST",
                "/api/account/language/",
                self.post_language,
                OperationSpec(
                    "Choose the language in which you are written to.",
                    {200: profiles.LanguageShown},
                    takes=profiles.LanguageChosen,
                    refuses=(UnknownLanguage,),
                    description="SMS and pushes to you are written in it. Others are not told of it.",
                ),
            ),
            *messaging(
                "GET",
                "/api/account/privacy-settings/",
                self.show_privacy,
                OperationSpec("Who may see what of you.", {200: profiles.PrivacyShown}),
            ),
            *messaging(
                "POST",
                "/api/account/privacy-settings/",
                self.post_privacy,
                OperationSpec(
                    "Set who may see what of you.", {200: profiles.PrivacyChangeShown}, takes=profiles.PrivacyParts
                ),
            ),
            *messaging(
                "GET",
                "/api/account/link-previews/",
                self.show_link_previews,
                OperationSpec("Whether links that you send get a preview.", {200: profiles.LinkPreviewsShown}),
            ),
            *messaging(
                "POST",
                "/api/account/link-previews/",
                self.post_link_previews,
                OperationSpec(
                    "Choose whether links that you send get a preview.",
                    {200: profiles.LinkPreviewsShown},
                    takes=profiles.LinkPreviewsWanted,
                ),
            ),
        ]

    async def post(self, request: web.Request) -> web.Response:
        identity, fields = await read_identity(request)
        asked = parse(wire.NewAccount, fields)
        phone, language = Phone.from_digits(asked.account), language_of(request)
        await self.create(identity, phone, asked.nickname, request[CLIENT_ADDRESS], language)
        return web.json_response(wire.show_code_sent("sms"), status=HTTPStatus.CREATED)

    async def send_sms(self, request: web.Request) -> web.Response:
        return await self._send(request, "sms")

    async def send_voice(self, request: web.Request) -> web.Response:
        return await self._send(request, "voice")

    async def _send(self, request: web.Request, channel: Literal["sms", "voice"]) -> web.Response:
        ownership, _ = await read_to_prove(request)
        await self.ask_for_code(ownership, request[CLIENT_ADDRESS], channel, language_of(request))
        return web.json_response(wire.show_code_sent(channel))

    async def prove(self, request: web.Request) -> web.Response:
        ownership, fields = await read_to_prove(request)
        proof, device = parse(wire.CodeProof, fields), request.headers.get("User-Agent", "")
        await self.register(
            ownership,
            proof.code,
            device,
            request[CLIENT_ADDRESS],
            proof.registration_pin,
            language=language_of(request),
        )
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
        return web.json_response(profiles.show_status_message((await self.find(actor)).status_message))

    async def post_status_message(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        text = parse(profiles.StatusMessage, fields).status_message
        await self.set_status_message(actor, text)
        return web.json_response(profiles.show_status_message(text))

    async def show_connected_status(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        is_online = await self.presence.is_online(await self.find(actor))
        return web.json_response(profiles.show_connected_status(is_online=is_online))

    async def post_connected_status(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        await self.presence.declare(actor, is_online=parse(profiles.ConnectedStatus, fields).connected_status)
        return web.json_response({})

    async def show_nickname(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        return web.json_response(profiles.show_nickname((await self.find(actor)).nickname))

    async def post_nickname(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        await self.set_nickname(actor, parse(profiles.Nickname, fields).nickname)
        return web.json_response({})

    async def show_language(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        return web.json_response(profiles.show_language(await self.find_language(actor)))

    async def post_language(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        await self.choose_language(actor, parse(profiles.LanguageChosen, fields).language)
        return web.json_response(profiles.show_language(await self.find_language(actor)))

    async def show_privacy(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        privacy, receipts = (await self.find(actor)).privacy, await self.find_read_receipts(actor)
        return web.json_response(profiles.show_privacy(privacy, receipts))

    async def post_privacy(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        parts = parse(profiles.PrivacyParts, fields).given
        await self.set_privacy(actor, parts)
        return web.json_response(profiles.show_privacy_change(parts))

    async def show_link_previews(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        return self._answer_link_previews(is_on=await self.find_link_previews(actor))

    async def post_link_previews(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        is_on = parse(profiles.LinkPreviewsWanted, fields).link_previews
        await self.set_link_previews(actor, is_on=is_on)
        return self._answer_link_previews(is_on=is_on)

    def _answer_link_previews(self, *, is_on: bool) -> web.Response:
        shown: profiles.LinkPreviewsShown = {"link_previews": is_on, "available": self.has_link_previews}
        return web.json_response(shown)
