"""Builds the stores, one of each, over one database."""

import asyncio
from datetime import timedelta

from models.ports import Clock
from models.stores.accounts import Accounts
from models.stores.attempts import Attempts
from models.stores.chat_places import ChatPlaces
from models.stores.chat_summaries import ChatSummaries
from models.stores.chats import Chats
from models.stores.contacts import Contacts
from models.stores.counters import Counters
from models.stores.database import Database, until_done
from models.stores.devices import Devices
from models.stores.ended_entries import EndedEntries
from models.stores.entries import Entries
from models.stores.event_lists import EventLists
from models.stores.events import Events
from models.stores.facebook_links import FacebookLinks
from models.stores.favourites import Favourites
from models.stores.invitation_tokens import InvitationTokens
from models.stores.languages import Languages
from models.stores.lifetimes import Lifetimes
from models.stores.link_preview_refusals import LinkPreviewRefusals
from models.stores.logins import Logins
from models.stores.media import MediaFiles
from models.stores.media_holds import MediaHolds
from models.stores.members import Members
from models.stores.message_changes import MessageChanges
from models.stores.messages import Messages
from models.stores.notifications import Notifications
from models.stores.number_identities import NumberIdentities
from models.stores.ownerships import Ownerships
from models.stores.page_versions import PageVersions
from models.stores.personal_state import PersonalState
from models.stores.phone_books import PhoneBooks
from models.stores.photos import Photos
from models.stores.pins import Pins
from models.stores.presence_snapshots import PresenceSnapshots
from models.stores.quotas import Quotas
from models.stores.read_dates import OWN_READ_DATES, ReadDates
from models.stores.read_receipt_refusals import ReadReceiptRefusals
from models.stores.registration_pins import RegistrationPins
from models.stores.reports import Reports
from models.stores.retention import Retention
from models.stores.sample_replies import SampleReplies
from models.stores.search_blocks import SearchBlocks
from models.stores.search_log import SearchLog
from models.stores.sessions import Sessions
from models.stores.status_histories import StatusHistories
from models.stores.uploads import Uploads
from server.auth.tokens import derive_key

A_DAY = timedelta(days=1)


class Stores:
    """All stores of a node; every query goes through one of them."""

    def __init__(
        self,
        database: Database,
        secret: str,
        clock: Clock,
        *,
        large_chat: int,
        retention: timedelta | None = None,
        upload_kept_for: timedelta = A_DAY,
    ) -> None:
        """`retention` is how long messages are kept; None for ever."""
        self.lifetimes = lifetimes = Lifetimes(clock.now, retention)
        self.counters = counters = Counters(database)
        self.accounts, self.contacts = Accounts(database, counters), Contacts(database)
        self.messages, self.read_dates = Messages(database, lifetimes), ReadDates(database)
        self.chats, self.members = Chats(database, counters, large=large_chat), Members(database)
        self.entries, self.chat_summaries, self.places = (
            Entries(database, lifetimes),
            ChatSummaries(database, lifetimes),
            ChatPlaces(database),
        )
        self.sessions, self.quotas = Sessions(database), Quotas(database)
        self.pins, self.attempts = Pins(database, derive_key(secret, "pins")), Attempts(database)
        self.media, self.photos = MediaFiles(database, derive_key(secret, "media"), clock), Photos(database)
        self.logins, self.ownerships = Logins(database, counters), Ownerships(database, counters)
        self.events, self.event_lists = Events(database, counters), EventLists(database)
        self.sample_replies = SampleReplies(database, counters)
        self.invitation_tokens = InvitationTokens(database, derive_key(secret, "invitations"))
        self.devices, self.notifications = Devices(database), Notifications(database)
        self.favourites, self.phone_books = Favourites(database, counters), PhoneBooks(database)
        self.facebook_links, self.registration_pins = FacebookLinks(database), RegistrationPins(database)
        self.status_histories, self.snapshots = StatusHistories(database), PresenceSnapshots(database)
        self.page_versions, self.languages = PageVersions(database), Languages(database)
        self.link_preview_refusals = LinkPreviewRefusals(database)
        self.ended_entries, self.retention = EndedEntries(database), Retention(database)
        self.message_changes, self.media_holds = MessageChanges(database, self.entries), MediaHolds(database, clock)
        self.reports = Reports(database)
        self.uploads = Uploads(database, clock, upload_kept_for)
        self.personal = PersonalState(database)
        self.search_blocks, self.search_log = SearchBlocks(database), SearchLog(database)
        self.own_read_dates = ReadDates(database, OWN_READ_DATES)
        self.read_receipt_refusals = ReadReceiptRefusals(database)
        self._identities = NumberIdentities(database, clock)

    async def prepare(self) -> None:
        """Create the indexes, then upgrade numbers that an earlier version stored."""
        stores = (
            self.accounts,
            self.contacts,
            self.chats,
            self.members,
            self.sessions,
            self.quotas,
            self.pins,
            self.attempts,
            self.read_dates,
            self.own_read_dates,
            self.media,
            self.photos,
            self.logins,
            self.ownerships,
            self.events,
            self.invitation_tokens,
            self.devices,
            self.notifications,
            self.favourites,
            self.phone_books,
            self.sample_replies,
            self.page_versions,
            self.retention,
            self.uploads,
            self.reports,
            self.personal,
            self.search_blocks,
        )
        # Concurrently, because each waits for the disk. All of them end before an error of one ends the start.
        ends = await asyncio.gather(*(until_done(store.prepare) for store in stores), return_exceptions=True)
        for error in ends:
            if isinstance(error, BaseException):
                raise error
        await until_done(self._identities.prepare)
