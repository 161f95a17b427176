"""The only place that knows every concrete class: what is made of what, opened in this order and closed in reverse.

outside.py (database, Redis) -> stores.py -> domain.py (with notifications.py: the services both doors use) -> the doors: identity.py, messaging.py, events.py,
invitations.py, namespaces.py.
"""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

from aiohttp import web

from handlers.rest.events.auth import PUBLIC
from handlers.rest.events.invitation_pages import OUTSIDE as INVITATIONS
from handlers.rest.events.renditions import OUTSIDE as RENDITIONS
from handlers.rest.events.roots import RootRoutes
from handlers.rest.media import OUTSIDE as MEDIA
from handlers.rest.messaging.oauth import OUTSIDE as OAUTH
from handlers.rest.reference import OUTSIDE as REFERENCE
from handlers.rest.reference import reference_routes
from models.facts import (
    AccountChanged,
    ChatMembersChanged,
    EntriesMissed,
    Invalidation,
    PresenceChanged,
    SessionsRevoked,
    SignalsMissed,
    WentOffline,
)
from server.config import Settings
from server.http import pages
from server.http.api_version import require_version
from server.http.application import build_application, refusal_response, refuse_faults
from server.http.client_address import locate_clients
from server.http.compression import compress_answers
from server.http.etags import tag_answers
from server.http.identity import identify
from server.http.lines_per_address import LINES, limit_lines
from server.http.open_files import OPEN_FILES, OpenFiles, open_files_limit, refuse_when_short
from server.http.rate_limits import limit_requests
from server.http.stalls import require_progress
from server.http.tell_first import tell_first
from server.metrics import PATH as METRICS
from server.nodes.agreement import Agreement
from server.nodes.session_proxy import SessionProxy
from server.process.worker_metrics import Siblings
from server.sockets.drain import send_away
from server.sockets.revoked_session_sweeper import RevokedSessionSweeper
from server.wiring.domain import Domain
from server.wiring.events import events_routes
from server.wiring.identity import identity_routes
from server.wiring.invitations import invitation_routes
from server.wiring.measures import measure
from server.wiring.messaging import messaging_routes
from server.wiring.namespaces import namespaces, socket_server
from server.wiring.nodes import join_nodes
from server.wiring.outside import open_outside

SOCKETS = "/socket.io/"
SEE_OFF: web.AppKey[Callable[[], Awaitable[None]]] = web.AppKey("see_off")
SEE_OFF_SHARE = 0.25  # of shutdown_s, for sending clients away while the others are served


async def build(
    settings: Settings, mongodb_url: str, redis_url: str, worker_socket: Path | None = None
) -> web.Application:
    """Assemble the application; what it opens it closes in its shutdown and cleanup hooks.

    `app[SEE_OFF]()`, before these and while the application still listens, sends its clients away one by one.
    `worker_socket`: where a worker is asked by its siblings.
    """
    async with AsyncExitStack() as stack:
        outside = await open_outside(stack, settings, mongodb_url, redis_url)
        node = _Node(Domain(settings, outside))
        await node.domain.open(stack)
        await node.shut_out.open()
        stack.push_async_callback(node.shut_out.close)
        node.session_proxy, node.agreement = await join_nodes(node.domain, node.sockets, SOCKETS, stack)
        measure(node.domain, node.sockets, node.session_proxy, node.agreement, node.is_ready)
        if worker_socket is not None:
            await _join_siblings(node.domain, worker_socket, stack)
        app = node.application()
        open_parts = stack.pop_all()

    async def close(_: web.Application) -> None:
        await open_parts.aclose()

    app[SEE_OFF] = node.see_off
    app[LINES] = node.domain.lines
    app.on_shutdown.append(node.drain)
    app.on_cleanup.append(close)
    return app


async def _join_siblings(domain: Domain, worker_socket: Path, stack: AsyncExitStack) -> None:
    siblings = Siblings(worker_socket, domain.metrics.text)
    await siblings.open()
    stack.push_async_callback(siblings.close)
    domain.metrics.gather = siblings.gather


class _Node:
    """The doors over the domain."""

    def __init__(self, domain: Domain) -> None:
        self.domain = domain
        self.is_draining = False
        self.session_proxy: SessionProxy | None = None
        self.agreement: Agreement | None = None
        self.sockets = socket_server(domain)
        self.shut_out = RevokedSessionSweeper(
            domain.connections,
            domain.stores.sessions,
            domain.stores.ownerships,
            domain.clock,
            self._end_session,
            every_s=domain.settings.nodes.believe_s / 2,
        )
        domain.fanout.subscribe(self._hear)

    def application(self) -> web.Application:
        domain, http = self.domain, self.domain.settings.http
        routes = [
            *identity_routes(domain),
            *messaging_routes(domain),
            *RootRoutes(domain.links).routes(),
            *events_routes(domain),
            *invitation_routes(domain),
            *pages.routes(self._ready, domain.settings.sms.provider),
            *domain.metrics.routes(http.metrics_for),
        ]
        exempt = {*pages.OUTSIDE, *INVITATIONS, *MEDIA, *RENDITIONS, *REFERENCE, SOCKETS, METRICS}
        outside = {*exempt, *OAUTH}
        request_limit = limit_requests(domain.request_limit, exempt=exempt)
        app = build_application(
            [*routes, *reference_routes(routes, outside=outside)],
            [
                domain.metrics.counting(outside={SOCKETS}),
                require_progress(stalled_s=http.stalled_s, least_bytes_per_s=http.least_bytes_per_s, sockets=SOCKETS),
                refuse_faults,
                locate_clients(http.trusted_proxies),
                limit_lines(domain.lines, sockets=SOCKETS),
                require_version,
                tag_answers,
                compress_answers(from_bytes=http.compress_from_bytes),
                request_limit.charge_bad_tokens,
                identify(domain.authenticate, public=PUBLIC, outside=outside),
                request_limit.charge_callers,
                tell_first(domain.bus.told),
            ],
            body_max_bytes=http.body_max_bytes,
            bodies_max_bytes=http.bodies_max_bytes,
            origins=http.cors_origins,
            idle_s=http.idle_s,
        )
        app.on_response_prepare.append(request_limit.show)
        app[OPEN_FILES] = files = OpenFiles(open_files_limit())
        app.middlewares.insert(0, refuse_when_short(files, refusal_response, probes=("/healthz", "/readyz", METRICS)))
        domain.metrics.counter(
            "parley_open_files_refused",
            "Connections and requests refused because open files were short",
            lambda: files.refused,
        )
        pages.load_templates(app)
        for namespace in namespaces(domain):
            self.sockets.register_namespace(namespace)
        self.sockets.attach(app)
        return app

    async def see_off(self) -> None:
        """Take nobody new, and send everybody away bit by bit with a reason that says "come back"; the others are served."""
        self.is_draining = True
        settings = self.domain.settings
        self.domain.connect_admission.close()
        guests = self.sockets.see_off_all()
        if self.session_proxy is not None:
            guests += self.session_proxy.see_off_all()
        await send_away(guests, per_s=settings.sockets.drain_per_s, within_s=settings.shutdown_s * SEE_OFF_SHARE)

    async def drain(self, _: web.Application) -> None:
        """See off whoever is there still, store what was accepted, and answer it."""
        domain = self.domain
        await self.see_off()
        given_up = await domain.journal.close()
        await domain.announcer.close()
        if given_up or domain.announcer.depth or domain.announce_again.depth:
            domain.bus.lose()  # or people on other nodes would wait in vain for what is stored
        await self.sockets.close()
        if await domain.marks.close():
            domain.bus.lose()

    def _ready(self) -> pages.Ready:
        """Returns which parts work, as they are known: a load balancer, which asks each second, does not wait long."""
        agreement = self.agreement
        parts: pages.Ready = {
            "status": "not ready",
            "database": self.domain.database_health.is_up,
            "bus": self.domain.bus.is_up,
            "secret": agreement is None or agreement.has_secret,
            "clock": agreement is None or agreement.has_time,
            "not_draining": not self.is_draining,
        }
        if all(parts.values()):  # the status is a text, which counts as true
            parts["status"] = "ready"
        return parts

    def is_ready(self) -> bool:
        """Returns whether people should be sent to this node."""
        return self._ready()["status"] == "ready"

    def _end_session(self, session_id: str) -> None:
        self.domain.authenticate.forget([session_id])
        self.sockets.close_session(session_id)

    def _hear(self, signal: Invalidation) -> None:
        """What some node said can no longer be believed."""
        domain = self.domain
        match signal:
            case SessionsRevoked(session_ids):
                for session_id in session_ids:
                    self._end_session(session_id)
            case AccountChanged(account_id):
                domain.directory.forget(account_id)
                domain.require_contact.forget(account_id)
                domain.presence.viewer_changed(account_id)
            case ChatMembersChanged(chat_id):
                domain.memberships.forget(chat_id)
            case PresenceChanged(account_ids):
                domain.presence.changed(account_ids)
            case WentOffline(account_id):
                domain.presence.go_offline(account_id)
            case EntriesMissed(account_ids):
                domain.fanout.resync(account_ids)
            case SignalsMissed():
                domain.authenticate.forget_all()
                domain.directory.forget_all()
                domain.require_contact.forget_all()
                domain.memberships.forget_all()
                domain.presence.recheck()
                self.shut_out.hurry()
