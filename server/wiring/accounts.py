"""Builds the services of models/services/accounts: codes, passwords and tokens, registration, profiles, removal."""

from dataclasses import dataclass
from datetime import timedelta

from models.documents.oauth import OAuthRules
from models.documents.phone import Phone
from models.documents.pin import EVENTS_DIGITS, MESSAGING_DIGITS, PinRules
from models.ports import Clock, CodeSender, ConnectedAccounts, Fanout, Passwords, Tokens
from models.services.accounts.authenticate import Authenticate, ChooseAccount
from models.services.accounts.language import ChooseLanguage, FindLanguage, NoteLanguage
from models.services.accounts.logins import CreateAccount
from models.services.accounts.oauth import RefreshTokens, SignInByPassword
from models.services.accounts.pins import AskForCode, ProveNumber, RequestPin
from models.services.accounts.profile import (
    FindLinkPreviews,
    FindReadReceipts,
    SetLinkPreviews,
    SetNickname,
    SetPrivacy,
    SetStatusMessage,
)
from models.services.accounts.registration import RegisterAccount, RegisterProfile, TakeNumber
from models.services.accounts.registration_pin import RegistrationPin
from models.services.accounts.removal import RemoveAccount
from models.services.accounts.sessions import (
    EndOtherSessions,
    EndSession,
    LastUse,
    ListSessions,
    RevokeToken,
    StartSession,
)
from models.services.accounts.sign_in import VerifyPin
from models.services.accounts.sign_in_alert import NotifySignIn
from models.services.chats.ending import EndMessages
from models.services.chats.personal_log import OpenSelfChat
from models.services.events.demo import MakeDemoEvents
from models.services.groups.members import LeaveGroup
from models.services.media.unused import RemoveUnusedMedia
from models.services.notifications.contact_joined import NotifyContactJoined
from models.services.notifications.queue import Notify
from models.services.notifications.sms import LimitTexts
from server.config import Settings
from server.wiring.chats import ChatLog
from server.wiring.events import EventFacts
from server.wiring.stores import Stores


@dataclass(frozen=True, slots=True)
class AccountServices:
    """How people come in, and what they say of themselves."""

    choose: ChooseAccount
    authenticate: Authenticate
    oauth_rules: OAuthRules
    request_pin: RequestPin
    verify_pin: VerifyPin
    register_profile: RegisterProfile
    list_sessions: ListSessions
    end_session: EndSession
    end_other_sessions: EndOtherSessions
    registration_pin: RegistrationPin
    sign_in_by_password: SignInByPassword
    refresh_tokens: RefreshTokens
    revoke_token: RevokeToken
    create_account: CreateAccount
    ask_for_code: AskForCode
    register_account: RegisterAccount
    remove_account: RemoveAccount
    set_status_message: SetStatusMessage
    set_nickname: SetNickname
    set_privacy: SetPrivacy
    find_language: FindLanguage
    choose_language: ChooseLanguage
    note_language: NoteLanguage
    find_link_previews: FindLinkPreviews
    set_link_previews: SetLinkPreviews
    find_read_receipts: FindReadReceipts


def build(
    stores: Stores,
    fanout: Fanout,
    clock: Clock,
    settings: Settings,
    tokens: Tokens,
    passwords: Passwords,
    codes: CodeSender,
    sockets: ConnectedAccounts,
    log: ChatLog,
    end_messages: EndMessages,
    facts: EventFacts,
    leave_group: LeaveGroup,
    remove_media: RemoveUnusedMedia,
    notify: Notify,
    limit_texts: LimitTexts,
    contact_joined: NotifyContactJoined,
    rules: PinRules,
    *,
    cached_s: float,
) -> AccountServices:
    """`cached_s` is how long a session is cached while no node signals that it has ended."""
    auth, oauth = settings.auth, _oauth_rules(settings)
    accounts, sessions, ownerships = stores.accounts, stores.sessions, stores.ownerships
    choose, last_use = ChooseAccount(ownerships), LastUse(sessions, ownerships, sockets, clock)
    authenticate = Authenticate(tokens, sessions, accounts, stores.logins, choose, clock, cache_ttl_s=cached_s)
    remove = _remove(stores, fanout, clock, log, end_messages, facts, leave_group, remove_media)
    prove = ProveNumber(stores.pins, stores.attempts, stores.quotas, clock, rules)
    start_session = StartSession(sessions, tokens, clock, timedelta(days=auth.session_days))
    notify_sign_in = NotifySignIn(ownerships, stores.languages, fanout, notify, clock)
    take_number = TakeNumber(
        accounts, stores.members, stores.events, ownerships, last_use, remove, fanout, clock, auth.recycle_days
    )
    languages, note_language = stores.languages, NoteLanguage(stores.languages)
    pin_lasts = timedelta(days=auth.registration_pin_days)
    registration_pin = RegistrationPin(
        accounts, stores.registration_pins, stores.attempts, passwords, last_use, clock, rules.guesses, pin_lasts
    )

    def request_pin(digits: int, app_scheme: str) -> RequestPin:
        stored = accounts, stores.pins, stores.attempts, stores.quotas, languages
        return RequestPin(*stored, limit_texts, codes, clock, rules, digits=digits, app_scheme=app_scheme)

    request_messaging_pin = request_pin(MESSAGING_DIGITS, "")
    open_self_chat = OpenSelfChat(stores.chats, clock)
    return AccountServices(
        choose,
        authenticate,
        oauth,
        request_pin(EVENTS_DIGITS, auth.app_scheme),
        VerifyPin(
            accounts,
            prove,
            start_session,
            facts.join,
            fanout,
            take_number,
            sessions,
            registration_pin,
            notify_sign_in,
            note_language,
            rules.is_open,
            _demo(stores, clock, settings, log) if settings.events.demo else None,
            open_self_chat,
        ),
        RegisterProfile(accounts, sessions, tokens, fanout, auth.public_registration, contact_joined),
        ListSessions(sessions, clock),
        EndSession(sessions, authenticate, fanout),
        EndOtherSessions(sessions, authenticate, fanout, clock),
        registration_pin,
        SignInByPassword(stores.logins, passwords, sessions, stores.quotas, tokens, clock, oauth, notify_sign_in),
        RefreshTokens(stores.logins, sessions, tokens, fanout, clock, oauth),
        RevokeToken(tokens, sessions, fanout),
        CreateAccount(accounts, ownerships, request_messaging_pin, clock),
        AskForCode(accounts, ownerships, request_messaging_pin, clock),
        RegisterAccount(
            accounts,
            ownerships,
            sessions,
            prove,
            facts.join,
            fanout,
            take_number,
            registration_pin,
            notify_sign_in,
            note_language,
            auth.public_registration,
            open_self_chat,
        ),
        remove,
        SetStatusMessage(accounts, stores.status_histories, fanout, clock),
        SetNickname(accounts, fanout),
        SetPrivacy(accounts, stores.read_receipt_refusals, fanout),
        FindLanguage(languages),
        ChooseLanguage(languages),
        note_language,
        FindLinkPreviews(stores.link_preview_refusals),
        SetLinkPreviews(stores.link_preview_refusals),
        FindReadReceipts(stores.read_receipt_refusals),
    )


def _demo(stores: Stores, clock: Clock, settings: Settings, log: ChatLog) -> MakeDemoEvents:
    owner = settings.events.demo_owner
    number = Phone.from_text(owner).number if owner.strip() else ""
    events, accounts, languages = stores.events, stores.accounts, stores.languages
    return MakeDemoEvents(events, accounts, languages, stores.chats, log.journal, log.announcer, clock, number)


def _remove(
    stores: Stores,
    fanout: Fanout,
    clock: Clock,
    log: ChatLog,
    end_messages: EndMessages,
    facts: EventFacts,
    leave_group: LeaveGroup,
    remove_media: RemoveUnusedMedia,
) -> RemoveAccount:
    return RemoveAccount(
        stores.accounts,
        stores.ownerships,
        stores.sessions,
        stores.contacts,
        stores.chats,
        stores.members,
        stores.entries,
        (
            facts.forget,
            stores.invitation_tokens,
            stores.status_histories,
            stores.snapshots,
            stores.photos,
            stores.devices,
            stores.favourites,
            stores.phone_books,
            stores.facebook_links,
            stores.registration_pins,
            stores.languages,
            stores.link_preview_refusals,
            stores.uploads,
            stores.reports,
            stores.personal,
            stores.read_receipt_refusals,
            stores.sessions,
        ),
        log.resolve,
        log.memberships,
        end_messages,
        leave_group,
        log.record,
        fanout,
        (stores.accounts, stores.photos, stores.favourites),
        remove_media,
        clock,
    )


def _oauth_rules(settings: Settings) -> OAuthRules:
    return OAuthRules(
        client_ids=settings.oauth.client_ids,
        token_lifetime=timedelta(days=settings.auth.session_days),
        guesses_per_login=settings.oauth.guesses_per_login,
        guesses_per_address=settings.oauth.guesses_per_address,
        has_limits=settings.limits.enabled,
    )


def pin_rules(settings: Settings) -> PinRules:
    """Returns the limits on codes that the settings name."""
    auth = settings.auth
    return PinRules(
        ttl_s=auth.pin_ttl_s,
        tries=auth.pin_tries,
        resend_s=auth.pin_resend_s,
        wait_max_s=auth.pin_wait_max_s,
        sends_per_day=auth.pin_sends_per_day,
        guesses_per_day=auth.pin_guesses_per_day,
        strangers_per_day=auth.pin_strangers_per_day,
        guesses_per_address_per_day=auth.pin_guesses_per_address_per_day,
        per_address_per_hour=auth.pin_per_address_per_hour,
        has_send_limits=settings.limits.enabled,
        debug_pin=auth.debug_pin,
        is_open=auth.public_registration,
    )
