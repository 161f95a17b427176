"""Facebook: an account's token, and the friends it opens (events contract, section 5)."""

from dataclasses import dataclass

from aiohttp import web

from handlers.rest.account_choice import read_as_account, require_account
from handlers.rest.described import OperationSpec, Route
from handlers.rest.links import Links
from handlers.rest.paths import events
from handlers.rest.requests import read_shape
from handlers.wire.events.users import FacebookFriendShown, FacebookToken, UserShown, show_friends, show_user
from models.errors import FacebookTokenMissing, FacebookTokenRefused, FieldErrors, Unavailable
from models.services.users.facebook import LinkFacebook, ListFacebookFriends


@dataclass(frozen=True, slots=True)
class FacebookRoutes:
    link: LinkFacebook
    list_friends: ListFacebookFriends
    links: Links

    def routes(self) -> list[Route]:
        described = OperationSpec(
            "Take over name, e-mail address and, if you have no photo, the picture from Facebook.",
            {200: UserShown},
            takes=FacebookToken,
            refuses=(FieldErrors, FacebookTokenRefused, Unavailable),
        )
        return [
            *events("POST", "/users/fb_token", self.post, described),
            *events("POST", "/users/register_fb_token", self.post, described),
            *events(
                "GET",
                "/users/fb_friends",
                self.friends,
                OperationSpec(
                    "Your Facebook friends who use this app.",
                    {200: list[FacebookFriendShown]},
                    refuses=(FacebookTokenMissing, FacebookTokenRefused, Unavailable),
                ),
            ),
        ]

    async def post(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        shape = read_shape(FacebookToken, fields)
        return web.json_response(show_user(await self.link(actor, shape.fb_token), self.links.photos_in(request)))

    async def friends(self, request: web.Request) -> web.Response:
        return web.json_response(show_friends(await self.list_friends(await require_account(request))))
