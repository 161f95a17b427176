"""OAuth 2 for logins: tokens by password and by refresh token, and their revocation (messaging contract, section 2)."""

from dataclasses import dataclass

from aiohttp import web

from handlers.rest.described import Route
from handlers.rest.paths import messaging
from handlers.rest.requests import CLIENT_ADDRESS, read_fields
from handlers.wire.fields import Fields
from handlers.wire.oauth import find_parameter, read_parameter, show_pair
from models.documents.oauth import OAuthRules
from models.documents.session import TokenPair
from models.errors import UnsupportedGrantType
from models.ports import Clock
from models.services.refresh_tokens import RefreshTokens
from models.services.revoke_token import RevokeToken
from models.services.sign_in_by_password import SignInByPassword

# Who one is, these say by their own parameters: a bearer token on them is not looked at.
OUTSIDE = ("/o/token/", "/o/token", "/o/revoke-token/", "/o/revoke-token")
NOT_KEPT = {"Cache-Control": "no-store", "Pragma": "no-cache"}


@dataclass(frozen=True, slots=True)
class OAuthRoutes:
    """`/o/…`: the grant type is looked at first, then the client, then what proves who is asking."""

    sign_in: SignInByPassword
    refresh: RefreshTokens
    revoke: RevokeToken
    rules: OAuthRules
    clock: Clock

    def routes(self) -> list[Route]:
        return [
            *messaging("POST", "/o/token/", self.post_token),
            *messaging("POST", "/o/revoke-token/", self.post_revocation),
        ]

    async def post_token(self, request: web.Request) -> web.Response:
        fields = await read_fields(request)
        match read_parameter(fields, "grant_type"):
            case "password":
                pair = await self._by_password(request, fields)
            case "refresh_token":
                pair = await self._by_refresh_token(fields)
            case _:
                raise UnsupportedGrantType
        shown = show_pair(pair, self.clock.now(), find_parameter(fields, "state"))
        return web.json_response(shown, headers=NOT_KEPT)

    async def post_revocation(self, request: web.Request) -> web.Response:
        fields = await read_fields(request)
        client_id = self.rules.require_client(find_parameter(fields, "client_id"))
        await self.revoke(read_parameter(fields, "token"), client_id=client_id)
        return web.Response(headers=NOT_KEPT)

    async def _by_password(self, request: web.Request, fields: Fields) -> TokenPair:
        client_id = self.rules.require_client(find_parameter(fields, "client_id"))
        return await self.sign_in(
            read_parameter(fields, "username"),
            read_parameter(fields, "password"),
            client_id=client_id,
            scope=find_parameter(fields, "scope"),
            device=request.headers.get("User-Agent", ""),
            address=request[CLIENT_ADDRESS],
        )

    async def _by_refresh_token(self, fields: Fields) -> TokenPair:
        client_id = self.rules.require_client(find_parameter(fields, "client_id"))
        return await self.refresh(
            read_parameter(fields, "refresh_token"), client_id=client_id, scope=find_parameter(fields, "scope")
        )
