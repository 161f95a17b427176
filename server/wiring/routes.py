"""Makes the routes of both REST APIs from the services."""

from aiohttp import web

from handlers.rest.described import Route
from handlers.rest.events.answers import EventAnswerRoutes
from handlers.rest.events.auth import AuthRoutes
from handlers.rest.events.avatars import AvatarRoutes
from handlers.rest.events.devices import DeviceRoutes
from handlers.rest.events.events import EventRoutes
from handlers.rest.events.facebook import FacebookRoutes
from handlers.rest.events.favorite_contacts import FavouriteRoutes
from handlers.rest.events.invitation_pages import AppLinks, InvitationPages
from handlers.rest.events.renditions import RenditionRoutes
from handlers.rest.events.roots import RootRoutes
from handlers.rest.events.users import UserRoutes
from handlers.rest.form_keys import FormKeys
from handlers.rest.links import Links
from handlers.rest.media import MediaRoutes
from handlers.rest.messaging.account import AccountRoutes
from handlers.rest.messaging.chat_lifetimes import ChatLifetimeRoutes
from handlers.rest.messaging.contacts import ContactRoutes
from handlers.rest.messaging.group_photos import GroupPhotoRoutes
from handlers.rest.messaging.groups import GroupRoutes
from handlers.rest.messaging.media_messages import MediaMessageRoutes
from handlers.rest.messaging.message_actions import OneMessageRoutes, PinnersRoutes
from handlers.rest.messaging.messages import MessageRoutes
from handlers.rest.messaging.oauth import OAuthRoutes
from handlers.rest.messaging.own_state import OwnStateRoutes
from handlers.rest.messaging.people import PeopleRoutes
from handlers.rest.messaging.photos import AccountPhotoRoutes, ContactPhotoRoutes, PhotoDoor
from handlers.rest.messaging.polls import PollRoutes
from handlers.rest.messaging.reports import ReportRoutes
from handlers.rest.messaging.search import SearchRoutes
from handlers.rest.messaging.uploads import UploadRoutes
from models.documents.media import MediaKind, MediaRule
from models.services.groups.groups import SetGroupPhoto
from server.auth.tokens import derive_key
from server.config import MediaSettings
from server.wiring.accounts import AccountServices
from server.wiring.groups import GroupServices
from server.wiring.services import Services


def api_routes(services: Services) -> list[web.AbstractRouteDef]:
    """Returns the routes of both APIs, and the pages of invitations."""
    return [*_messaging(services), *RootRoutes(services.links).routes(), *_events(services)]


def _messaging(services: Services) -> list[web.AbstractRouteDef]:
    return [
        *auth_routes(services.accounts, services.links).routes(),
        *_oauth(services).routes(),
        *_account(services).routes(),
        *_contacts(services).routes(),
        *_people(services).routes(),
        *ReportRoutes(services.chats.report).routes(),
        *group_routes(services.groups).routes(),
        *_messages(services).routes(),
        *_one_message(services).routes(),
        *PinnersRoutes(services.groups.get, services.groups.set_pinners).routes(),
        *_own_state(services).routes(),
        *SearchRoutes(services.search.messages, services.links).routes(),
        *MediaRoutes(services.media.open).routes(),
        *_photos(services),
        *_media_messages(services).routes(),
        *ChatLifetimeRoutes(services.chats.set_expiry, services.chats.clear).routes(),
        *_uploads(services).routes(),
        *PollRoutes(services.chats.send, services.chats.change, services.links).routes(),
    ]


def _events(services: Services) -> list[web.AbstractRouteDef]:
    notes = services.notifications
    return [
        *_users(services),
        *DeviceRoutes(notes.add_device, notes.remove_device, services.accounts.note_language).routes(),
        *_event_routes(services).routes(),
        *_event_answers(services).routes(),
        *_invitation_pages(services).routes(),
    ]


def auth_routes(accounts: AccountServices, links: Links) -> AuthRoutes:
    return AuthRoutes(
        accounts.request_pin,
        accounts.verify_pin,
        accounts.register_profile,
        accounts.list_sessions,
        accounts.end_session,
        accounts.end_other_sessions,
        accounts.registration_pin,
        accounts.note_language,
        links,
    )


def _oauth(services: Services) -> OAuthRoutes:
    accounts, clock = services.accounts, services.runtime.clock
    return OAuthRoutes(
        accounts.sign_in_by_password, accounts.refresh_tokens, accounts.revoke_token, accounts.oauth_rules, clock
    )


def _account(services: Services) -> AccountRoutes:
    accounts = services.accounts
    return AccountRoutes(
        accounts.create_account,
        accounts.ask_for_code,
        accounts.register_account,
        accounts.remove_account,
        services.users.find_account,
        accounts.set_status_message,
        accounts.set_nickname,
        accounts.set_privacy,
        accounts.find_read_receipts,
        accounts.find_link_previews,
        accounts.set_link_previews,
        services.runtime.settings.link_previews.enabled,
        services.presence.presence,
        accounts.registration_pin,
        accounts.find_language,
        accounts.choose_language,
    )


def _contacts(services: Services) -> ContactRoutes:
    contacts = services.contacts
    return ContactRoutes(
        contacts.list_contacts,
        contacts.find_contact,
        contacts.add_contact,
        contacts.import_contacts,
        contacts.change_contact,
        contacts.remove_contacts,
    )


def _people(services: Services) -> PeopleRoutes:
    users, block = services.users, services.events.block_numbers
    return PeopleRoutes(users.get_statuses, services.presence.get_presence, block, users.find_account)


def group_routes(groups: GroupServices) -> GroupRoutes:
    return GroupRoutes(
        groups.create,
        groups.list_groups,
        groups.get,
        groups.set_subject,
        groups.add_participant,
        groups.remove_participant,
        groups.set_role,
        groups.leave,
    )


def _messages(services: Services) -> MessageRoutes:
    chats = services.chats
    return MessageRoutes(
        chats.send,
        chats.typing_by_number,
        chats.list_with_titles,
        chats.list_messages,
        chats.list_delivered,
        chats.list_read,
        chats.mark_read,
        chats.sync,
        services.links,
        services.runtime.settings.chat.text_max_chars,
    )


def _one_message(services: Services) -> OneMessageRoutes:
    chats = services.chats
    return OneMessageRoutes(chats.forward, chats.change, chats.list_wordings, chats.list_pinned)


def _own_state(services: Services) -> OwnStateRoutes:
    chats, settings = services.chats, services.runtime.settings
    return OwnStateRoutes(chats.set_settings, chats.star, chats.list_starred, settings.chat.text_max_chars)


def _photos(services: Services) -> list[web.AbstractRouteDef]:
    media, groups, log, stores = services.media, services.groups, services.log, services.runtime.stores
    set_group_photo = SetGroupPhoto(stores.chats, log.memberships, media.take_photo, groups.change, log.record)
    door = PhotoDoor(media.take_photo, media.open, services.links, media.limit_fetches)
    return [
        *AccountPhotoRoutes(door, media.get_photo, media.set_photo, media.remove_photo).routes(),
        *ContactPhotoRoutes(door, media.get_photo, media.list_photo_history, media.list_photos).routes(),
        *GroupPhotoRoutes(door, groups.get, set_group_photo).routes(),
    ]


def _media_messages(services: Services) -> MediaMessageRoutes:
    chats, media = services.chats, services.media
    return MediaMessageRoutes(
        chats.send,
        chats.require_recipient,
        media.store,
        media.fetch_url,
        media.limit_fetches,
        media_rules(services.runtime.settings.media),
        services.links,
    )


def _uploads(services: Services) -> UploadRoutes:
    chats, media = services.chats, services.media
    rules = media_rules(services.runtime.settings.media)
    return UploadRoutes(media.uploads, chats.send, chats.require_recipient, rules, services.links)


def media_rules(media: MediaSettings) -> dict[MediaKind, MediaRule]:
    limits = {
        MediaKind.IMAGE: media.image_max_bytes,
        MediaKind.VOICE: media.audio_max_bytes,
        MediaKind.AUDIO: media.audio_max_bytes,
        MediaKind.VIDEO: media.video_max_bytes,
        MediaKind.DOCUMENT: media.document_max_bytes,
    }
    return {kind: MediaRule(kind, below_bytes) for kind, below_bytes in limits.items()}


def _users(services: Services) -> list[Route]:
    users, media, links = services.users, services.media, services.links
    list_inviters = services.events.list_inviters
    return [
        *AvatarRoutes(media.set_photo, media.remove_photo, users.find, links).routes(),
        *FavouriteRoutes(users.list_favourites, users.mark_favourites, links).routes(),
        *FacebookRoutes(users.link_facebook, users.list_facebook_friends, links).routes(),
        *UserRoutes(users.list_users, users.find, users.change, users.match_phone_book, list_inviters, links).routes(),
        *RenditionRoutes(media.renditions, media.open, media.default_pictures).routes(),
    ]


def _event_routes(services: Services) -> EventRoutes:
    events = services.events
    return EventRoutes(
        events.list_events,
        events.get_timeline,
        events.count_unanswered,
        events.require,
        events.create,
        events.edit,
        events.cancel,
        events.delete,
        events.views,
        services.links,
    )


def _event_answers(services: Services) -> EventAnswerRoutes:
    events = services.events
    return EventAnswerRoutes(
        events.list_sample_replies,
        services.accounts.find_language,
        events.answer,
        events.mark_seen,
        events.post,
        events.add_poll,
        events.suggest_time,
        events.views,
        services.links,
    )


def _invitation_pages(services: Services) -> InvitationPages:
    runtime, events = services.runtime, services.events
    settings, secret = runtime.settings, runtime.outside.secret
    return InvitationPages(
        events.open_invitation,
        events.answer,
        FormKeys(derive_key(secret, "forms"), is_https=settings.http.public_url.startswith("https:")),
        runtime.request_limit,
        AppLinks(settings.apps.app_store_url, settings.apps.google_play_url),
        # Identifies the installation in calendars: its nodes share the secret, which outlives any address.
        derive_key(secret, "calendars")[:8].hex(),
    )
