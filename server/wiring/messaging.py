"""The messaging API's own doors: address book, people, groups, messages, photos and files."""

from aiohttp import web

from handlers.rest.media import MediaRoutes
from handlers.rest.messaging.contacts import ContactRoutes
from handlers.rest.messaging.groups import GroupRoutes
from handlers.rest.messaging.media_messages import MediaMessageRoutes
from handlers.rest.messaging.messages import MessageRoutes
from handlers.rest.messaging.people import PeopleRoutes
from handlers.rest.messaging.photos import AccountPhotoRoutes, ContactPhotoRoutes, GroupPhotoRoutes, PhotoDoor
from models.documents.media import MediaKind, MediaRule
from models.services.chats.history import ListMessages, LocateLog
from models.services.chats.message_receipts import ListDelivered, ListRead, MarkRead
from models.services.chats.send import RequireRecipient
from models.services.chats.titles import ListChatsWithTitles
from models.services.chats.typing import TypingByNumber
from models.services.contacts.address_book import (
    AddContact,
    ChangeContact,
    FindContact,
    ImportContacts,
    ListContacts,
    RemoveContacts,
)
from models.services.contacts.blocking import BlockNumbers
from models.services.contacts.visibility import MayView
from models.services.events.access import FollowBlocks
from models.services.groups.groups import CreateGroup, GetGroup, ListGroups, SetGroupPhoto, SetSubject
from models.services.groups.members import AddParticipant, RemoveParticipant, RequireParticipants, SetRole
from models.services.media.fetching import FetchUrl
from models.services.media.photos import GetPhoto, ListPhotoHistory, ListPhotos, RemovePhoto
from models.services.media.storage import OpenMedia
from models.services.presence.lookup import GetPresence
from models.services.runtime.token_bucket import TokenBuckets
from models.services.users.finding import FindAccount
from models.services.users.views import GetStatuses
from server.wiring.domain import Domain


def messaging_routes(domain: Domain) -> list[web.AbstractRouteDef]:
    return [
        *_address_book(domain).routes(),
        *_people(domain).routes(),
        *_groups(domain).routes(),
        *_messages(domain).routes(),
        *MediaRoutes(OpenMedia(domain.stores.media)).routes(),
        *_photos(domain),
        *_media_messages(domain).routes(),
    ]


def _address_book(domain: Domain) -> ContactRoutes:
    stores = domain.stores
    contacts, accounts, fanout = stores.contacts, stores.accounts, domain.fanout
    return ContactRoutes(
        ListContacts(contacts, accounts),
        FindContact(contacts, accounts),
        AddContact(contacts, accounts, fanout, domain.limit_new_numbers),
        ImportContacts(contacts, accounts, fanout, domain.limit_new_numbers),
        ChangeContact(contacts, fanout),
        RemoveContacts(contacts, fanout),
    )


def _people(domain: Domain) -> PeopleRoutes:
    stores = domain.stores
    may_view = MayView(stores.contacts)
    return PeopleRoutes(
        GetStatuses(domain.require_contact, stores.contacts, stores.accounts, stores.status_histories, may_view),
        GetPresence(
            domain.presence, domain.require_contact, stores.contacts, stores.accounts, stores.snapshots, domain.clock
        ),
        BlockNumbers(
            stores.accounts,
            domain.fanout,
            FollowBlocks(stores.events, stores.chats, domain.hidden_events, domain.record, domain.join_events),
        ),
        FindAccount(stores.accounts),
    )


def _groups(domain: Domain) -> GroupRoutes:
    stores = domain.stores
    limits, members_max = domain.settings.limits, domain.settings.chat.group_max_members
    record, change, leave = domain.record, domain.change_group, domain.leave_group
    participants = RequireParticipants(domain.require_contact)
    return GroupRoutes(
        CreateGroup(
            stores.chats,
            participants,
            record,
            domain.clock,
            members_max,
            TokenBuckets(limits.groups_per_minute / 60, limits.groups_burst, is_enabled=limits.enabled),
        ),
        ListGroups(stores.chats),
        GetGroup(stores.chats, domain.memberships),
        SetSubject(change, record),
        AddParticipant(change, participants, record, members_max),
        RemoveParticipant(change, leave, record),
        SetRole(change, stores.chats, record),
        leave,
    )


def _messages(domain: Domain) -> MessageRoutes:
    stores = domain.stores
    locate_log = LocateLog(domain.resolve, domain.memberships, stores.chats)
    return MessageRoutes(
        domain.send,
        TypingByNumber(domain.typing, domain.require_contact),
        ListChatsWithTitles(domain.list_chats, stores.contacts, stores.accounts),
        ListMessages(locate_log, stores.entries, stores.messages, stores.read_dates),
        ListDelivered(locate_log, stores.messages),
        ListRead(locate_log, stores.chats, stores.messages, stores.read_dates),
        MarkRead(locate_log, stores.messages, domain.marks),
        domain.sync,
        domain.links,
        domain.settings.chat.text_max_chars,
    )


def _photos(domain: Domain) -> list[web.AbstractRouteDef]:
    stores = domain.stores
    fanout, clock, take = domain.fanout, domain.clock, domain.take_photo
    door = PhotoDoor(take, OpenMedia(stores.media), domain.links, domain.fetches)
    may_view = MayView(stores.contacts)
    show = GetPhoto(stores.accounts, domain.require_contact, may_view)
    return [
        *AccountPhotoRoutes(
            door,
            show,
            domain.set_photo,
            RemovePhoto(stores.accounts, stores.photos, fanout, clock),
        ).routes(),
        *ContactPhotoRoutes(
            door,
            show,
            ListPhotoHistory(stores.accounts, stores.photos, domain.require_contact, may_view),
            ListPhotos(stores.contacts, stores.accounts, may_view),
        ).routes(),
        *GroupPhotoRoutes(
            door,
            GetGroup(stores.chats, domain.memberships),
            SetGroupPhoto(stores.chats, domain.memberships, take, domain.change_group, domain.record),
        ).routes(),
    ]


def _media_messages(domain: Domain) -> MediaMessageRoutes:
    media = domain.settings.media
    limits = {
        MediaKind.IMAGE: media.image_max_bytes,
        MediaKind.VOICE: media.audio_max_bytes,
        MediaKind.AUDIO: media.audio_max_bytes,
        MediaKind.VIDEO: media.video_max_bytes,
    }
    return MediaMessageRoutes(
        domain.send,
        RequireRecipient(domain.resolve, domain.admit_message, domain.message_limit),
        domain.store_media,
        FetchUrl(domain.fetcher, domain.store_media),
        domain.fetches,
        {kind: MediaRule(kind, below_bytes) for kind, below_bytes in limits.items()},
        domain.links,
    )
