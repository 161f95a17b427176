"""A node with nothing but the sign-in, assembled from the real parts over a real database."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient

from handlers.rest.events.auth import PUBLIC
from handlers.rest.events.roots import RootRoutes
from handlers.rest.links import Links
from handlers.rest.requests import CHOOSE_ACCOUNT
from models.documents.pin import PinRules
from models.services.accounts.authenticate import Authenticate
from models.services.media.unused import RemoveUnusedMedia
from models.services.notifications.contact_joined import NotifyContactJoined
from models.services.notifications.queue import Notify
from models.services.notifications.sms import LimitTexts, TextRules
from models.stores.accounts import Accounts
from models.stores.database import Database
from models.stores.sessions import Sessions
from server.auth.passwords import Argon2Passwords
from server.auth.tokens import JwtTokens
from server.config import Settings
from server.http.application import build_application
from server.http.client_address import locate_clients
from server.http.identity import require_identity
from server.metrics import Metrics
from server.wiring import accounts, chats, contacts, events, groups
from server.wiring.routes import auth_routes
from server.wiring.stores import Stores
from tests.rest.app import Server
from tests.support.auth_fakes import KeptCodes
from tests.support.documented import watch
from tests.support.fakes import HandClock, RecordingFanout

CACHED_S = 30.0
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


async def start_node(
    database: Database,
    rules: PinRules,
    clock: HandClock,
    codes: KeptCodes,
    *,
    is_open: bool = True,
    trusted_proxies: Sequence[str] = (),
) -> Node:
    stores, fanout = Stores(database, SECRET, clock, large_chat=1000), RecordingFanout()
    for store in (stores.accounts, stores.sessions, stores.quotas, stores.pins, stores.attempts):
        await store.prepare()
    settings = Settings(auth={"public_registration": is_open, "app_scheme": "amigo", "recycle_days": 0})
    known = contacts.build(stores, fanout, clock, settings.limits, cached_s=CACHED_S)
    # Nobody here is invited to anything, so the journal is never asked.
    log = chats.build_log(stores, database, fanout, clock, settings, known, Metrics(), cached_s=CACHED_S)
    notify = Notify(stores.notifications, stores.devices, wake=lambda: None, is_push_on=True)
    limit_texts = LimitTexts(stores.quotas, clock, TextRules())
    remove_media = RemoveUnusedMedia(stores.media, ())
    made = accounts.build(
        stores,
        fanout,
        clock,
        settings,
        JwtTokens(SECRET, clock),
        Argon2Passwords(),
        codes,
        NoSockets(),
        log,
        chats.build(stores, fanout, clock, settings, known, log, remove_media).end_messages,
        events.build_facts(stores, fanout, clock, settings, known, log, notify, limit_texts),
        groups.build(stores, clock, settings, known.require_contact, log).leave,
        remove_media,
        notify,
        limit_texts,
        NotifyContactJoined(stores.accounts, stores.phone_books, stores.languages, notify, clock),
        rules,
        cached_s=CACHED_S,
    )
    auth = auth_routes(made, Links())

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
        [
            locate_clients(trusted_proxies),
            require_identity(made.authenticate, public={*PUBLIC, "/fails"}, outside={"/healthz"}),
        ],
        body_max_bytes=1 << 20,
        origins=["*"],
    )
    app[CHOOSE_ACCOUNT] = made.choose
    watch(app)
    client: Client = TestClient(Server(app))
    await client.start_server()
    return Node(client, made.authenticate, stores.accounts, stores.sessions, clock, codes, fanout)
