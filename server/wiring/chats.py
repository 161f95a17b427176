"""Builds the services of models/services/chats: the path of a message, what is read of it, receipts and typing."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial

from models.documents.chat import Chat
from models.documents.entry import Entry
from models.ports import Clock, Fanout
from models.services.chats.announce_again import AnnounceAgain, ReannounceQueue
from models.services.chats.announcer import AnnouncedListener, Announcer
from models.services.chats.change import ChangeMessage
from models.services.chats.draft_room import DraftRoom
from models.services.chats.ending import EndedListener, EndMessages
from models.services.chats.expiry import ClearChat, SetExpiry
from models.services.chats.find_message import FindMessage
from models.services.chats.forward import ForwardMessage
from models.services.chats.history import ListMessages, LocateLog, ReadHistory
from models.services.chats.journal import Journal
from models.services.chats.journal_queue import StoredListener
from models.services.chats.listing import ListChats, SendReady
from models.services.chats.log_tail_cache import LogTailCache
from models.services.chats.member_names import ListMemberNames
from models.services.chats.membership import MembershipCache
from models.services.chats.message_receipts import ListDelivered, ListRead, MarkRead
from models.services.chats.personal_log import RecordPersonalChange, SetChatSettings, StarMessage
from models.services.chats.pins import ListPinned
from models.services.chats.receipts import AdvanceReceipts, StampReadReceipts
from models.services.chats.record_changes import RecordChanges
from models.services.chats.report import ReportAbuse
from models.services.chats.resolve import ResolveChat
from models.services.chats.send import AdmitMessage, FindStored, RequireRecipient, SendMessage
from models.services.chats.starred import ListStarred
from models.services.chats.summaries import ReadChatSummaries, Summaries
from models.services.chats.sync import SyncChats, SyncRules
from models.services.chats.titles import ListChatsWithTitles
from models.services.chats.typing import BroadcastTyping, TypingByNumber
from models.services.chats.wordings import ListWordings
from models.services.media.unused import RemoveUnusedMedia
from models.services.runtime.batch_loader import BatchLoader
from models.services.runtime.token_bucket import TokenBuckets
from models.stores.database import Database
from server.bus.lease import RENEWALS
from server.config import ChatSettings, Settings
from server.metrics import Metrics
from server.wiring.contacts import ContactServices
from server.wiring.stores import Stores


@dataclass(frozen=True, slots=True)
class ChatLog:
    """The writing side: who is in a chat, the journal, and the listeners to each stored entry."""

    memberships: MembershipCache
    summaries: Summaries
    announcer: Announcer
    reannounce: ReannounceQueue
    announce_again: AnnounceAgain
    resolve: ResolveChat
    typing: BroadcastTyping
    journal: Journal
    record: RecordChanges


@dataclass(frozen=True, slots=True)
class ChatServices:
    """Sending, changing and reading messages, over a ChatLog."""

    find_stored: FindStored
    send: SendMessage
    change: ChangeMessage
    marks: AdvanceReceipts
    typing_by_number: TypingByNumber
    require_recipient: RequireRecipient
    sync: SyncChats
    read_history: ReadHistory
    list_chats: ListChats
    list_with_titles: ListChatsWithTitles
    send_ready: SendReady
    list_messages: ListMessages
    list_delivered: ListDelivered
    list_read: ListRead
    mark_read: MarkRead
    member_names: ListMemberNames
    set_expiry: SetExpiry
    clear: ClearChat
    end_messages: EndMessages
    forward: ForwardMessage
    list_wordings: ListWordings
    list_pinned: ListPinned
    report: ReportAbuse
    set_settings: SetChatSettings
    star: StarMessage
    list_starred: ListStarred


def build_log(
    stores: Stores,
    database: Database,
    fanout: Fanout,
    clock: Clock,
    settings: Settings,
    contacts: ContactServices,
    metrics: Metrics,
    announced: Sequence[AnnouncedListener] = (),
    stored: Sequence[StoredListener] = (),
    *,
    cached_s: float,
) -> ChatLog:
    """`announced` listeners are called with each announced entry, its chat and the accounts that it was announced to.

    `stored` listeners are called with the new entries of each batch, before those are announced; they must not wait or raise.

    `cached_s` is how long members of chats are cached while no node signals that they have changed.
    """
    chats, entries, directory = stores.chats, stores.entries, contacts.directory
    reannounce = ReannounceQueue(clock, lease_left_s=settings.nodes.lease_s * (1 - 1 / RENEWALS))
    memberships = MembershipCache(chats, entries, fanout.signal, reannounce.recovered, ttl_s=cached_s)
    summaries = Summaries(stores.places, memberships, clock)

    def count_stored(stored: Sequence[Entry]) -> None:
        metrics.stored([entry.kind for entry in stored])

    def measure_announced(entry: Entry, _chat: Chat, _told: Collection[int]) -> None:
        if not reannounce.was_found(entry):
            metrics.announced((clock.now() - entry.at).total_seconds())

    listeners = [measure_announced, *announced]
    announcer = Announcer(stores.members, entries, memberships, stores.personal, fanout, clock, listeners)
    announce_again = AnnounceAgain(reannounce, entries, memberships, directory, announcer, clock)
    resolve = ResolveChat(chats, memberships, directory, contacts.require_contact, fanout, clock)
    typing = BroadcastTyping(resolve, memberships, directory, fanout, expires_s=settings.typing.expires_s)
    journal = Journal(
        database,
        clock,
        (count_stored, reannounce.stored, announcer.stored, summaries.stored, typing.stored, *stored),
        (announce_again.found, typing.found),
        batch_max_entries=settings.journal.batch_max_entries,
        queue_max_entries=settings.journal.queue_max_entries,
        is_first=summaries.is_first,
        lifetimes=stores.lifetimes,
    )
    record = RecordChanges(journal, announcer)
    return ChatLog(memberships, summaries, announcer, reannounce, announce_again, resolve, typing, journal, record)


def build(
    stores: Stores,
    fanout: Fanout,
    clock: Clock,
    settings: Settings,
    contacts: ContactServices,
    log: ChatLog,
    remove_media: RemoveUnusedMedia,
    ended: Sequence[EndedListener] = (),
) -> ChatServices:
    """`ended` listeners are called with the keys of entries whose content is gone, and forget what they hold of it."""
    chat, limits, directory, memberships = settings.chat, settings.limits, contacts.directory, log.memberships
    members, entries, messages, read_dates = stores.members, stores.entries, stores.messages, stores.read_dates
    resolve, admit = log.resolve, AdmitMessage(contacts.require_contact, directory)
    message_limit = TokenBuckets(limits.messages_per_s, limits.messages_burst, is_enabled=limits.enabled)
    stamp = StampReadReceipts(members, read_dates, stores.own_read_dates, clock)
    most = chat.receipts_max_members
    choices = contacts.read_receipts
    marks = AdvanceReceipts(
        resolve, members, entries, memberships, directory, choices, fanout, stamp, everybody_up_to=most
    )
    find_stored = FindStored(resolve, members, entries, log.journal)
    send = SendMessage(
        resolve,
        admit,
        memberships,
        members,
        find_stored,
        log.journal,
        fanout,
        message_limit,
    )
    change = ChangeMessage(
        resolve,
        directory,
        members,
        entries,
        log.journal,
        fanout,
        message_limit,
        find_stored,
        remove_media,
        stores.message_changes,
        clock,
    )
    read_summaries = ReadChatSummaries(stores.chat_summaries, memberships, stores.accounts)
    list_chats = ListChats(read_summaries, stores.places, log.summaries.list_noted, clock)
    # As often as messages, and apart from them: what somebody writes is kept as a draft several times.
    own_limit = TokenBuckets(limits.messages_per_s, limits.messages_burst, is_enabled=limits.enabled)
    record = RecordPersonalChange(resolve, find_stored, log.journal, log.announcer, memberships)
    locate_log = LocateLog(resolve, memberships, members)
    find_message = FindMessage(resolve, memberships, members, entries)
    require_recipient = RequireRecipient(resolve, admit, message_limit)
    return ChatServices(
        find_stored,
        send,
        change,
        marks,
        TypingByNumber(log.typing, contacts.require_contact),
        require_recipient,
        _sync(stores, read_summaries, chat, clock),
        ReadHistory(resolve, memberships, members, entries),
        list_chats,
        ListChatsWithTitles(list_chats, stores.contacts, stores.accounts),
        SendReady(directory, BatchLoader(list_chats.first_pages, at_once=64), fanout, _shown_limits(settings)),
        ListMessages(locate_log, entries, messages, read_dates, stores.own_read_dates),
        ListDelivered(locate_log, messages),
        ListRead(locate_log, members, messages, read_dates),
        MarkRead(locate_log, messages, marks),
        ListMemberNames(resolve, memberships, members, stores.accounts),
        SetExpiry(
            resolve,
            memberships,
            directory,
            log.journal,
            log.announcer,
            find_stored,
            message_limit,
            chat.expiry_min_s,
            chat.expiry_max_s,
        ),
        ClearChat(resolve, memberships, members, entries, fanout, message_limit),
        EndMessages(
            stores.ended_entries, stores.retention, stores.notifications, remove_media, stores.lifetimes, ended
        ),
        ForwardMessage(find_message, send, require_recipient, find_stored, stores.media_holds, message_limit),
        ListWordings(find_message, stores.message_changes),
        ListPinned(resolve, members, entries, stores.message_changes),
        ReportAbuse(
            stores.reports,
            locate_log,
            members,
            entries,
            directory,
            stores.quotas,
            clock,
            limits.reports_per_day,
            limits.enabled,
        ),
        SetChatSettings(record, members, entries, DraftRoom(members, entries), stores.personal, clock, own_limit),
        StarMessage(record, members, entries, own_limit),
        ListStarred(resolve, memberships, members, entries, stores.personal.stars),
    )


def _shown_limits(settings: Settings) -> dict[str, int]:
    media, chat = settings.media, settings.chat
    kept = {} if chat.retention_days is None else {"retention_days": chat.retention_days}
    return kept | {
        "text_max_chars": chat.text_max_chars,
        "image_max_bytes": media.image_max_bytes,
        "audio_max_bytes": media.audio_max_bytes,
        "video_max_bytes": media.video_max_bytes,
        "document_max_bytes": media.document_max_bytes,
    }


def _sync(stores: Stores, read_summaries: ReadChatSummaries, chat: ChatSettings, clock: Clock) -> SyncChats:
    rules = SyncRules(chat.sync_max_entries, chat.delta_max_entries, chat.receipts_max_members, chat.sync_max_chats)
    return SyncChats(
        read_summaries,
        BatchLoader(read_summaries.ends, at_once=64),
        BatchLoader(read_summaries.standings, at_once=2000),
        BatchLoader(stores.members.list_left, at_once=500),
        BatchLoader(partial(stores.members.list_receipts_up_to, members_max=rules.marks_max_members), at_once=500),
        stores.entries,
        LogTailCache(stores.entries),
        rules,
        clock,
    )
