"""The events API's doors to people: users, avatars, favourites and Facebook."""

from handlers.rest.described import Route
from handlers.rest.events.avatars import AvatarRoutes
from handlers.rest.events.facebook import FacebookRoutes
from handlers.rest.events.favorite_contacts import FavouriteRoutes
from handlers.rest.events.renditions import RenditionRoutes
from handlers.rest.events.users import UserRoutes
from models.services.accounts.profile import ChangeUser
from models.services.events.listing import ListInviters
from models.services.media.photos import RemovePhoto
from models.services.media.storage import OpenMedia
from models.services.users.facebook import LinkFacebook, ListFacebookFriends
from models.services.users.favourites import ListFavourites, MarkFavourites
from models.services.users.finding import FindUser, ListUsers, MatchPhoneBook, UserDiscovery
from server.facebook import GraphApi
from server.wiring.domain import Domain


def user_routes(domain: Domain) -> list[Route]:
    stores, see, links = domain.stores, domain.user_views, domain.links
    accounts = stores.accounts
    know = UserDiscovery(
        stores.contacts, stores.phone_books, stores.events, is_open=domain.settings.users.visible == "all"
    )
    find = FindUser(accounts, know, see)
    return [
        *AvatarRoutes(
            domain.set_photo, RemovePhoto(accounts, stores.photos, domain.fanout, domain.clock), find, links
        ).routes(),
        *FavouriteRoutes(
            ListFavourites(stores.favourites, accounts, see),
            MarkFavourites(
                stores.favourites, domain.take_photo, domain.store_media, domain.limit_new_numbers, domain.remove_media
            ),
            links,
        ).routes(),
        *_facebook(domain).routes(),
        *UserRoutes(
            ListUsers(accounts, know, see),
            find,
            ChangeUser(accounts, find, domain.fanout),
            MatchPhoneBook(accounts, stores.phone_books, see, domain.limit_new_numbers),
            ListInviters(stores.events, domain.hidden_events, accounts, see),
            links,
        ).routes(),
        *RenditionRoutes(domain.renditions, OpenMedia(stores.media), domain.default_pictures).routes(),
    ]


def _facebook(domain: Domain) -> FacebookRoutes:
    settings, stores = domain.settings.facebook, domain.stores
    graph = GraphApi(domain.outside.http, url=settings.graph_url, timeout_s=settings.timeout_s)
    return FacebookRoutes(
        LinkFacebook(graph, stores.facebook_links, stores.accounts, domain.set_photo, domain.fanout, domain.fetches),
        ListFacebookFriends(graph, stores.facebook_links),
        domain.links,
    )
