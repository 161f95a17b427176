"""OAuth 2 for logins: tokens by password and by refresh token, and their revocation (messaging contract, section 2)."""

from dataclasses import dataclass

from aiohttp import web

from handlers.rest.described import OperationSpec, Route
from handlers.rest.paths import messaging
from handlers.rest.requests import CLIENT_ADDRESS, read_fields
from handlers.wire.fields import Fields
from handlers.wire.messaging import oauth as wire
from handlers.wire.messaging.request import parse
from models.documents.oauth import OAuthRules
from models.documents.session import TokenPair
from models.errors import InvalidClient, InvalidGrant, InvalidScope, RateLimited, UnsupportedGrantType
from models.ports import Clock
from models.services.accounts.oauth import RefreshTokens, SignInByPassword
from models.services.accounts.sessions import RevokeToken

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
            *messaging(
                "POST",
                "/o/token/",
                self.post_token,
                OperationSpec(
                    "A pair of tokens, by a password or by a refresh token.",
                    {200: wire.PairShown},
                    takes=wire.PasswordGrant | wire.RefreshGrant,
                    refuses=(UnsupportedGrantType, InvalidClient, InvalidGrant, InvalidScope, RateLimited),
                    is_public=True,
                    description="A refresh token works once; used again, it ends everything that came of it.",
                ),
            ),
            *messaging(
                "POST",
                "/o/revoke-token/",
                self.post_revocation,
                OperationSpec(
                    "End a token and the other one of its pair.",
                    {200: None},
                    takes=wire.Revocation,
                    refuses=(InvalidClient,),
                    is_public=True,
                ),
            ),
        ]

    async def post_token(self, request: web.Request) -> web.Response:
        fields = await read_fields(request)
        match parse(wire.Grant, fields).grant_type:
            case "password":
                pair, state = await self._by_password(request, fields)
            case "refresh_token":
                pair, state = await self._by_refresh_token(fields)
            case _:
                raise UnsupportedGrantType
        return web.json_response(wire.show_pair(pair, self.clock.now(), state), headers=NOT_KEPT)

    async def post_revocation(self, request: web.Request) -> web.Response:
        fields = await read_fields(request)
        client_id = self._require_client(fields)
        await self.revoke(parse(wire.Revocation, fields).token, client_id=client_id)
        return web.Response(headers=NOT_KEPT)

    def _require_client(self, fields: Fields) -> str:
        return self.rules.require_client(parse(wire.Client, fields).client_id)

    async def _by_password(self, request: web.Request, fields: Fields) -> tuple[TokenPair, str | None]:
        client_id = self._require_client(fields)
        asked = parse(wire.PasswordGrant, fields)
        pair = await self.sign_in(
            asked.username,
            asked.password,
            client_id=client_id,
            scope=asked.scope,
            device=request.headers.get("User-Agent", ""),
            address=request[CLIENT_ADDRESS],
        )
        return pair, asked.state

    async def _by_refresh_token(self, fields: Fields) -> tuple[TokenPair, str | None]:
        client_id = self._require_client(fields)
        asked = parse(wire.RefreshGrant, fields)
        return await self.refresh(asked.refresh_token, client_id=client_id, scope=asked.scope), asked.state
