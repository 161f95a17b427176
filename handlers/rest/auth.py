"""Signing in and out (events contract, section 3), and the sessions that come of it."""

from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web

from handlers.rest.described import Route
from handlers.rest.paths import events
from handlers.rest.requests import CLIENT_ADDRESS, read_fields, read_shape, require_actor
from handlers.wire.sessions import Profile, Proof, read_phone, show_session
from handlers.wire.users import show_user
from models.errors import AccountNotFound, FieldErrors, WrongPin
from models.services.end_session import EndSession
from models.services.list_sessions import ListSessions
from models.services.register_profile import RegisterProfile
from models.services.request_pin import RequestPin
from models.services.verify_pin import VerifyPin

# Whoever asks here has no token yet.
PUBLIC = ("/auth", "/api/auth", "/auth/verify_pin", "/api/auth/verify_pin")


@dataclass(frozen=True, slots=True)
class AuthRoutes:
    """`/auth…`: everything but asking for a pin and verifying it needs a token."""

    request_pin: RequestPin
    verify_pin: VerifyPin
    register_profile: RegisterProfile
    list_sessions: ListSessions
    end_session: EndSession

    def routes(self) -> list[Route]:
        return [
            *events("POST", "/auth", self.post),
            *events("POST", "/auth/verify_pin", self.verify),
            *events("POST", "/auth/register", self.register),
            *events("POST", "/auth/logout", self.logout),
            *events("GET", "/auth/sessions", self.sessions),
            *events("DELETE", "/auth/sessions/{session_id}", self.delete_session),
        ]

    async def post(self, request: web.Request) -> web.Response:
        fields = await read_fields(request)
        await self.request_pin(read_phone(fields.get("phone_number")), request[CLIENT_ADDRESS])
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def verify(self, request: web.Request) -> web.Response:
        proof = read_shape(Proof, await read_fields(request))
        try:
            signed_in = await self.verify_pin(proof.phone, proof.pin, request.headers.get("User-Agent", ""))
        except AccountNotFound as refusal:
            raise FieldErrors({"phone_number": [refusal.message]}) from None
        except WrongPin as refusal:
            raise FieldErrors({"non_field_errors": [refusal.message]}) from None
        return web.json_response(show_user(signed_in.account, auth_token=signed_in.token))

    async def register(self, request: web.Request) -> web.Response:
        actor = require_actor(request)
        profile = read_shape(Profile, await read_fields(request))
        signed_in = await self.register_profile(actor, profile.full_name, profile.email)
        return web.json_response(show_user(signed_in.account, auth_token=signed_in.token))

    async def sessions(self, request: web.Request) -> web.Response:
        actor = require_actor(request)
        sessions = await self.list_sessions(actor)
        return web.json_response({"sessions": [show_session(each, current_id=actor.session_id) for each in sessions]})

    async def delete_session(self, request: web.Request) -> web.Response:
        await self.end_session(require_actor(request), request.match_info["session_id"])
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def logout(self, request: web.Request) -> web.Response:
        actor = require_actor(request)
        await self.end_session(actor, actor.session_id)
        return web.Response(status=HTTPStatus.NO_CONTENT)
