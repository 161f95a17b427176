"""Builds the services of models/services/users: finding people, showing them, favourites and Facebook."""

from dataclasses import dataclass

import aiohttp

from models.ports import Fanout
from models.services.accounts.profile import ChangeUser
from models.services.users.facebook import LinkFacebook, ListFacebookFriends
from models.services.users.favourites import ListFavourites, MarkFavourites
from models.services.users.finding import FindAccount, FindUser, ListUsers, MatchPhoneBook, UserDiscovery
from models.services.users.views import GetStatuses, UserViews
from server.config import Settings
from server.facebook import GraphApi
from server.wiring.contacts import ContactServices
from server.wiring.media import MediaServices
from server.wiring.stores import Stores


@dataclass(frozen=True, slots=True)
class UserServices:
    """People as others see and find them."""

    views: UserViews
    find: FindUser
    find_account: FindAccount
    change: ChangeUser
    list_users: ListUsers
    match_phone_book: MatchPhoneBook
    get_statuses: GetStatuses
    list_favourites: ListFavourites
    mark_favourites: MarkFavourites
    link_facebook: LinkFacebook
    list_facebook_friends: ListFacebookFriends


def build(
    stores: Stores,
    fanout: Fanout,
    settings: Settings,
    http: aiohttp.ClientSession,
    contacts: ContactServices,
    media: MediaServices,
) -> UserServices:
    accounts, favourites, may_view = stores.accounts, stores.favourites, contacts.may_view
    views = UserViews(may_view)
    know = UserDiscovery(
        stores.contacts, stores.phone_books, stores.event_lists, is_open=settings.users.visible == "all"
    )
    graph = GraphApi(http, url=settings.facebook.graph_url, timeout_s=settings.facebook.timeout_s)
    links, find = stores.facebook_links, FindUser(accounts, know, views)
    return UserServices(
        views,
        find,
        FindAccount(accounts),
        ChangeUser(accounts, find, stores.languages, fanout),
        ListUsers(accounts, know, views),
        MatchPhoneBook(accounts, stores.phone_books, views, contacts.limit_new_numbers),
        GetStatuses(contacts.require_contact, stores.contacts, accounts, stores.status_histories, may_view),
        ListFavourites(favourites, accounts, views),
        MarkFavourites(favourites, media.take_photo, media.store, contacts.limit_new_numbers, media.remove_unused),
        LinkFacebook(graph, links, accounts, media.set_photo, fanout, media.limit_fetches),
        ListFacebookFriends(graph, links),
    )
