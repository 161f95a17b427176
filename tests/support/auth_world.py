"""A node with nothing but the sign-in, assembled from the real parts over a real database."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient

from handlers.rest.events.auth import PUBLIC, AuthRoutes
from handlers.rest.events.roots import RootRoutes
from handlers.rest.links import Links
from models.documents.login import Ownership
from models.documents.pin import EVENTS_DIGITS, PinRules
from models.services.accounts.authenticate import Authenticate, ChooseAccount
from models.services.accounts.pins import ProveNumber, RequestPin
from models.services.accounts.registration import RegisterProfile, TakeNumber
from models.services.accounts.registration_pin import RegistrationPin
from models.services.accounts.sessions import EndSession, LastUse, ListSessions, StartSession
from models.services.accounts.sign_in import VerifyPin
from models.services.accounts.sign_in_alert import NotifySignIn
from models.services.chats.announcer import Announcer
from models.services.chats.journal import Journal
from models.services.chats.membership import MembershipCache
from models.services.events.inviting import JoinEvents
from models.services.notifications.contact_joined import NotifyContactJoined
from models.services.notifications.queue import Notify
from models.services.notifications.sms import LimitTexts, TextRules
from models.stores.accounts import Accounts
from models.stores.attempts import Attempts
from models.stores.chats import Chats
from models.stores.counters import Counters
from models.stores.database import Database
from models.stores.devices import Devices
from models.stores.entries import Entries
from models.stores.events import Events
from models.stores.logins import Logins
from models.stores.notifications import Notifications
from models.stores.ownerships import Ownerships
from models.stores.phone_books import PhoneBooks
from models.stores.pins import Pins
from models.stores.quotas import Quotas
from models.stores.registration_pins import RegistrationPins
from models.stores.sessions import Sessions
from server.auth.passwords import Argon2Passwords
from server.auth.tokens import JwtTokens, derive_key
from server.http.application import build_application
from server.http.client_address import locate_clients
from server.http.identity import identify
from tests.rest.app import Server
from tests.support.auth_fakes import HandClock, KeptCodes, RecordingFanout
from tests.support.documented import watch

SECRET = "a secret of tests"
ANN = "+4930123456"
Client = TestClient[web.Request, web.Application]


@dataclass
class Node:
    """One node and a client of it."""

    client: Client
    authenticate: Authenticate
    accounts: Accounts
    sessions: Sessions
    clock: HandClock
    codes: KeptCodes
    fanout: RecordingFanout = field(default_factory=RecordingFanout)

    async def ask(self, method: str, path: str, token: str | None = None, **options: Any) -> tuple[int, Any]:
        """Status and JSON of the answer; None for an empty one."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= options.pop("headers", {})
        async with self.client.request(method, path, headers=headers, **options) as response:
            return response.status, await response.json() if await response.read() else None

    async def request_pin(self, phone_number: str = ANN) -> str:
        """Ask for a pin, and read it from the message."""
        status, _ = await self.ask("POST", "/auth", json={"phone_number": phone_number})
        assert status == 204
        return self.codes.last.code

    async def sign_in(self, phone_number: str = ANN, **headers: str) -> dict[str, Any]:
        """The User of the answer, `auth_token` included."""
        pin = await self.request_pin(phone_number)
        proof = {"phone_number": phone_number, "pin": pin}
        status, user = await self.ask("POST", "/auth/verify_pin", json=proof, headers=headers)
        assert status == 200
        shown: dict[str, Any] = user
        return shown


class NoSockets:
    """A board on which nobody is."""

    async def list_connected(self, account_ids: Collection[int]) -> set[int]:
        return set()


async def remove_nobody(ownership: Ownership, feedback: str) -> None:
    raise AssertionError(f"{ownership} {feedback}")


async def start_node(
    database: Database,
    rules: PinRules,
    clock: HandClock,
    codes: KeptCodes,
    *,
    is_open: bool = True,
    trusted_proxies: Sequence[str] = (),
) -> Node:
    accounts, sessions, quotas = Accounts(database, Counters(database)), Sessions(database), Quotas(database)
    pins = Pins(database, derive_key(SECRET, "pins"))
    attempts = Attempts(database)
    for store in (accounts, sessions, quotas, pins, attempts):
        await store.prepare()
    tokens, fanout = JwtTokens(SECRET, clock), RecordingFanout()
    counters = Counters(database)
    notify = Notify(Notifications(database), Devices(database), wake=lambda: None, is_push_on=True)
    tell_contact_joined = NotifyContactJoined(
        accounts,
        PhoneBooks(database),
        notify,
        clock,
    )
    choose = ChooseAccount(Ownerships(database, counters))
    chats, entries = Chats(database, counters), Entries(database)
    memberships = MembershipCache(chats, entries, fanout.signal, lambda _: None)
    announcer = Announcer(chats, entries, memberships, fanout, clock)
    # Nobody here is invited to anything, so the journal is never asked.
    journal = Journal(database, clock, [announcer.stored])
    join_events = JoinEvents(Events(database, counters), accounts, chats, memberships, journal, announcer)
    authenticate = Authenticate(tokens, sessions, accounts, Logins(database, counters), choose, clock)
    ownerships = Ownerships(database, counters)
    last_use = LastUse(sessions, ownerships, NoSockets(), clock)
    registration_pin = RegistrationPin(
        accounts,
        RegistrationPins(database),
        attempts,
        Argon2Passwords(),
        last_use,
        clock,
        rules.guesses,
        timedelta(days=7),
    )
    take_number = TakeNumber(
        accounts,
        chats,
        Events(database, counters),
        ownerships,
        last_use,
        remove_nobody,
        fanout,
        clock,
    )
    auth = AuthRoutes(
        RequestPin(
            accounts,
            pins,
            attempts,
            quotas,
            LimitTexts(quotas, clock, TextRules()),
            codes,
            clock,
            rules,
            digits=EVENTS_DIGITS,
            app_scheme="amigo",
        ),
        VerifyPin(
            accounts,
            ProveNumber(pins, attempts, quotas, clock, rules),
            StartSession(sessions, tokens, clock, timedelta(days=365)),
            join_events,
            fanout,
            take_number,
            sessions,
            registration_pin,
            NotifySignIn(ownerships, fanout, notify, clock),
            rules.is_open,
        ),
        RegisterProfile(accounts, sessions, tokens, fanout, is_open, tell_contact_joined),
        ListSessions(sessions, clock),
        EndSession(sessions, authenticate, fanout),
        registration_pin,
        Links(),
    )

    async def alive(request: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    async def fails(request: web.Request) -> web.Response:
        raise LookupError("a fault of ours")

    app = build_application(
        [
            *auth.routes(),
            *RootRoutes(Links()).routes(),
            web.get("/healthz", alive),
            web.get("/unlisted", alive),
            web.get("/fails", fails),
        ],
        [locate_clients(trusted_proxies), identify(authenticate, public={*PUBLIC, "/fails"}, outside={"/healthz"})],
        body_max_bytes=1 << 20,
        origins=["*"],
    )
    watch(app)
    client: Client = TestClient(Server(app))
    await client.start_server()
    return Node(client, authenticate, accounts, sessions, clock, codes, fanout)
