"""The doors by which people come in: pins, passwords and tokens, and the account that they act as."""

from datetime import timedelta

from aiohttp import web

from handlers.rest.events.auth import AuthRoutes
from handlers.rest.messaging.account import AccountRoutes
from handlers.rest.messaging.oauth import OAuthRoutes
from models.documents.oauth import OAuthRules
from models.documents.phone import Phone
from models.documents.pin import EVENTS_DIGITS, MESSAGING_DIGITS, PinRules
from models.services.accounts.logins import CreateAccount
from models.services.accounts.oauth import RefreshTokens, SignInByPassword
from models.services.accounts.pins import AskForCode, ProveNumber, RequestPin
from models.services.accounts.profile import SetNickname, SetPrivacy, SetStatusMessage
from models.services.accounts.registration import RegisterAccount, RegisterProfile, TakeNumber
from models.services.accounts.registration_pin import RegistrationPin
from models.services.accounts.removal import RemoveAccount
from models.services.accounts.sessions import EndSession, LastUse, ListSessions, RevokeToken, StartSession
from models.services.accounts.sign_in import VerifyPin
from models.services.accounts.sign_in_alert import NotifySignIn
from models.services.events.demo import MakeDemoEvents
from models.services.users.finding import FindAccount
from server.wiring.domain import Domain


def identity_routes(domain: Domain) -> list[web.AbstractRouteDef]:
    return [*_auth(domain).routes(), *_oauth(domain).routes(), *_account(domain).routes()]


def _auth(domain: Domain) -> AuthRoutes:
    stores = domain.stores
    auth = domain.settings.auth
    return AuthRoutes(
        _request_pin(domain, EVENTS_DIGITS),
        VerifyPin(
            stores.accounts,
            _prove(domain),
            StartSession(stores.sessions, domain.tokens, domain.clock, timedelta(days=auth.session_days)),
            domain.join_events,
            domain.fanout,
            _take_number(domain),
            stores.sessions,
            _registration_pin(domain),
            _notify_sign_in(domain),
            auth.public_registration,
            _demo(domain) if domain.settings.events.demo else None,
        ),
        RegisterProfile(
            stores.accounts,
            stores.sessions,
            domain.tokens,
            domain.fanout,
            auth.public_registration,
            domain.notifications.notify_contact_joined,
        ),
        ListSessions(stores.sessions, domain.clock),
        EndSession(stores.sessions, domain.authenticate, domain.fanout),
        _registration_pin(domain),
        domain.links,
    )


def _demo(domain: Domain) -> MakeDemoEvents:
    stores, owner = domain.stores, domain.settings.events.demo_owner
    number = Phone.from_text(owner).number if owner.strip() else ""
    return MakeDemoEvents(
        stores.events, stores.accounts, stores.chats, domain.journal, domain.announcer, domain.clock, number
    )


def _oauth(domain: Domain) -> OAuthRoutes:
    stores = domain.stores
    rules = OAuthRules(
        client_ids=domain.settings.oauth.client_ids,
        token_lifetime=timedelta(days=domain.settings.auth.session_days),
        guesses_per_login=domain.settings.oauth.guesses_per_login,
        guesses_per_address=domain.settings.oauth.guesses_per_address,
        has_limits=domain.settings.limits.enabled,
    )
    return OAuthRoutes(
        SignInByPassword(
            stores.logins,
            domain.passwords,
            stores.sessions,
            stores.quotas,
            domain.tokens,
            domain.clock,
            rules,
            _notify_sign_in(domain),
        ),
        RefreshTokens(stores.logins, stores.sessions, domain.tokens, domain.fanout, domain.clock, rules),
        RevokeToken(domain.tokens, stores.sessions, domain.fanout),
        rules,
        domain.clock,
    )


def _account(domain: Domain) -> AccountRoutes:
    stores = domain.stores
    request_pin, find = _request_pin(domain, MESSAGING_DIGITS), FindAccount(stores.accounts)
    return AccountRoutes(
        CreateAccount(stores.accounts, stores.ownerships, request_pin, domain.clock),
        AskForCode(stores.accounts, stores.ownerships, request_pin, domain.clock),
        RegisterAccount(
            stores.accounts,
            stores.ownerships,
            stores.sessions,
            _prove(domain),
            domain.join_events,
            domain.fanout,
            _take_number(domain),
            _registration_pin(domain),
            _notify_sign_in(domain),
            domain.settings.auth.public_registration,
        ),
        _remove(domain),
        find,
        SetStatusMessage(stores.accounts, stores.status_histories, domain.fanout, domain.clock),
        SetNickname(stores.accounts, domain.fanout),
        SetPrivacy(stores.accounts, domain.fanout),
        domain.presence,
        _registration_pin(domain),
    )


def _remove(domain: Domain) -> RemoveAccount:
    stores = domain.stores
    return RemoveAccount(
        stores.accounts,
        stores.ownerships,
        stores.sessions,
        stores.contacts,
        stores.chats,
        stores.entries,
        (
            domain.forget_events,
            stores.invitation_tokens,
            stores.status_histories,
            stores.snapshots,
            stores.photos,
            stores.devices,
            stores.favourites,
            stores.phone_books,
            stores.facebook_links,
            stores.registration_pins,
            stores.sessions,
        ),
        domain.leave_group,
        domain.record,
        domain.fanout,
        (stores.accounts, stores.photos, stores.favourites),
        domain.remove_media,
        domain.clock,
    )


def _take_number(domain: Domain) -> TakeNumber:
    stores = domain.stores
    return TakeNumber(
        stores.accounts,
        stores.chats,
        stores.events,
        stores.ownerships,
        _last_use(domain),
        _remove(domain),
        domain.fanout,
        domain.clock,
        domain.settings.auth.recycle_days,
    )


def _last_use(domain: Domain) -> LastUse:
    return LastUse(domain.stores.sessions, domain.stores.ownerships, domain.connected_accounts, domain.clock)


def _registration_pin(domain: Domain) -> RegistrationPin:
    stores = domain.stores
    return RegistrationPin(
        stores.accounts,
        stores.registration_pins,
        stores.attempts,
        domain.passwords,
        _last_use(domain),
        domain.clock,
        _pin_rules(domain).guesses,
        timedelta(days=domain.settings.auth.registration_pin_days),
    )


def _notify_sign_in(domain: Domain) -> NotifySignIn:
    return NotifySignIn(domain.stores.ownerships, domain.fanout, domain.notifications.notify, domain.clock)


def _pin_rules(domain: Domain) -> PinRules:
    auth = domain.settings.auth
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
        has_send_limits=domain.settings.limits.enabled,
        debug_pin=auth.debug_pin,
        is_open=auth.public_registration,
    )


def _prove(domain: Domain) -> ProveNumber:
    stores = domain.stores
    return ProveNumber(stores.pins, stores.attempts, stores.quotas, domain.clock, _pin_rules(domain))


def _request_pin(domain: Domain, digits: int) -> RequestPin:
    stores = domain.stores
    return RequestPin(
        stores.accounts,
        stores.pins,
        stores.attempts,
        stores.quotas,
        domain.limit_texts,
        domain.sms,
        domain.clock,
        _pin_rules(domain),
        digits=digits,
        app_scheme=domain.settings.auth.app_scheme if digits == EVENTS_DIGITS else "",
    )
