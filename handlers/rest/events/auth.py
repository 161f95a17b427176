"""Signing in and out, and the sessions that result (docs/events-api.md, "Signing in")."""

from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web

from handlers.rest.account_choice import read_as_account, require_account
from handlers.rest.described import OperationSpec, Route
from handlers.rest.links import Links
from handlers.rest.paths import events
from handlers.rest.requests import CLIENT_ADDRESS, language_of, read_fields, read_shape
from handlers.wire.events.users import SignedInShown, show_signed_in
from handlers.wire.messaging.request import parse
from handlers.wire.sign_in import (
    NumberShown,
    NumberWritten,
    PinAsked,
    Profile,
    Proof,
    RegistrationPinSet,
    RegistrationPinStateShown,
    SessionsShown,
    show_number,
    show_sessions,
)
from models.documents.session import SignedIn
from models.documents.user import UserView
from models.documents.written_number import read_written
from models.errors import (
    CountryNotServed,
    FieldErrors,
    Malformed,
    RateLimited,
    RegistrationClosed,
    RegistrationPinNeeded,
    SessionNotFound,
    WrongPin,
    WrongRegistrationPin,
)
from models.services.accounts.language import NoteLanguage
from models.services.accounts.pins import RequestPin
from models.services.accounts.registration import RegisterProfile
from models.services.accounts.registration_pin import RegistrationPin
from models.services.accounts.sessions import EndOtherSessions, EndSession, ListSessions
from models.services.accounts.sign_in import VerifyPin

# These requests have no token yet.
_PATHS = ("/auth", "/auth/phone_number", "/auth/verify_pin")
PUBLIC = (*_PATHS, *(f"/api{path}" for path in _PATHS))


@dataclass(frozen=True, slots=True)
class AuthRoutes:
    """`/auth…`: every route but those that read a number, ask for a code and verify it needs a token."""

    request_pin: RequestPin
    verify_pin: VerifyPin
    register_profile: RegisterProfile
    list_sessions: ListSessions
    end_session: EndSession
    end_other_sessions: EndOtherSessions
    registration_pin: RegistrationPin
    note_language: NoteLanguage
    links: Links

    def routes(self) -> list[Route]:
        return [
            *events(
                "POST",
                "/auth",
                self.post,
                OperationSpec(
                    "Ask for a pin by SMS.",
                    {204: None},
                    takes=PinAsked,
                    refuses=(Malformed, CountryNotServed, RateLimited),
                    description=(
                        "The answer is the same whether or not the number has an account. While registration is closed, a"
                        " number without one is sent nothing."
                    ),
                    is_public=True,
                ),
            ),
            *events(
                "POST",
                "/auth/phone_number",
                self.read_phone_number,
                OperationSpec(
                    "Check a phone number that somebody typed.",
                    {200: NumberShown},
                    takes=NumberWritten,
                    refuses=(FieldErrors,),
                    description=(
                        "Nothing is stored or sent, and whether the number has an account is not said. A number that begins"
                        " with neither `+` nor `00` needs a `country`; the refusal names that field then. Other requests take"
                        " numbers that are refused here."
                    ),
                    is_public=True,
                ),
            ),
            *events(
                "POST",
                "/auth/verify_pin",
                self.verify,
                OperationSpec(
                    "Sign in by the pin.",
                    {200: SignedInShown},
                    takes=Proof,
                    refuses=(FieldErrors, RateLimited),
                    description=(
                        "A wrong pin does not void the right one. After several, the next must wait: 429, with"
                        " `Retry-After`; nothing is looked at before. An account whose owner has set a registration PIN wants"
                        " that, too: without it, or with a wrong one, the refusal names `registration_pin`, and the pin stays"
                        " good."
                    ),
                    is_public=True,
                ),
            ),
            *events(
                "POST",
                "/auth/register",
                self.register,
                OperationSpec(
                    "Say who you are.",
                    {200: SignedInShown},
                    takes=Profile,
                    refuses=(FieldErrors, RegistrationClosed),
                    description=(
                        "As often as you like. The answer has the token of this session once more: the one you used stays good."
                    ),
                ),
            ),
            *events(
                "GET",
                "/auth/registration_pin",
                self.show_registration_pin,
                OperationSpec("Whether your account has a registration PIN.", {200: RegistrationPinStateShown}),
            ),
            *events(
                "PUT",
                "/auth/registration_pin",
                self.put_registration_pin,
                OperationSpec(
                    "Set what is asked besides the pin from the next sign-in on.",
                    {204: None},
                    takes=RegistrationPinSet,
                    refuses=(FieldErrors,),
                    description=(
                        "Whoever forgets it sets another one, or removes it, on a device that is signed in. It lapses when"
                        " nobody has used the account for some days (a setting)."
                    ),
                ),
            ),
            *events(
                "DELETE",
                "/auth/registration_pin",
                self.delete_registration_pin,
                OperationSpec("Remove your registration PIN.", {204: None}),
            ),
            *events("POST", "/auth/logout", self.logout, OperationSpec("End this session.", {204: None})),
            *events(
                "GET", "/auth/sessions", self.sessions, OperationSpec("Where you are signed in.", {200: SessionsShown})
            ),
            *events(
                "DELETE",
                "/auth/sessions",
                self.delete_other_sessions,
                OperationSpec(
                    "Sign out everywhere else.",
                    {204: None},
                    description="Ends every session of the list but the present one.",
                ),
            ),
            *events(
                "DELETE",
                "/auth/sessions/{session_id}",
                self.delete_session,
                OperationSpec("Sign a device out.", {204: None}, refuses=(SessionNotFound,)),
            ),
        ]

    async def post(self, request: web.Request) -> web.Response:
        asked = parse(PinAsked, await read_fields(request))
        await self.request_pin(asked.phone_number, request[CLIENT_ADDRESS], language=language_of(request))
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def read_phone_number(self, request: web.Request) -> web.Response:
        written = read_shape(NumberWritten, await read_fields(request))
        return web.json_response(show_number(read_written(written.phone_number, written.country)))

    async def verify(self, request: web.Request) -> web.Response:
        proof = read_shape(Proof, await read_fields(request))
        try:
            signed_in = await self.verify_pin(
                proof.phone,
                proof.pin,
                request.headers.get("User-Agent", ""),
                request[CLIENT_ADDRESS],
                proof.registration_pin,
                language=language_of(request),
            )
        except (RegistrationPinNeeded, WrongRegistrationPin) as refusal:
            raise FieldErrors({"registration_pin": [refusal.message]}) from None
        except WrongPin as refusal:
            raise FieldErrors({"non_field_errors": [refusal.message]}) from None
        return self._show(request, signed_in)

    async def show_registration_pin(self, request: web.Request) -> web.Response:
        return web.json_response({"is_set": await self.registration_pin.is_set(await require_account(request))})

    async def put_registration_pin(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        asked = read_shape(RegistrationPinSet, fields)
        await self.registration_pin.set(actor, asked.registration_pin)
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def delete_registration_pin(self, request: web.Request) -> web.Response:
        await self.registration_pin.remove(await require_account(request))
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def register(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        profile = read_shape(Profile, fields)
        signed_in = await self.register_profile(actor, profile.full_name, profile.email)
        await self.note_language(actor.account_id, language_of(request))
        return self._show(request, signed_in)

    def _show(self, request: web.Request, signed_in: SignedIn) -> web.Response:
        own = UserView.own(signed_in.account)
        return web.json_response(show_signed_in(own, self.links.photos_in(request), signed_in.token))

    async def sessions(self, request: web.Request) -> web.Response:
        actor = await require_account(request)
        sessions = await self.list_sessions(actor)
        return web.json_response(show_sessions(sessions, current_id=actor.session_id))

    async def delete_other_sessions(self, request: web.Request) -> web.Response:
        await self.end_other_sessions(await require_account(request))
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def delete_session(self, request: web.Request) -> web.Response:
        await self.end_session(await require_account(request), request.match_info["session_id"])
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def logout(self, request: web.Request) -> web.Response:
        actor = await require_account(request)
        await self.end_session(actor, actor.session_id)
        return web.Response(status=HTTPStatus.NO_CONTENT)
