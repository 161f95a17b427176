"""Assembles a node from the concrete classes, which no other package knows; opens it, and closes it in reverse.

outside.py (database, Redis) -> stores.py -> services.py, with one `build` for each package of models/services -> routes.py and
namespaces.py, over which the application is made here.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import AsyncExitStack
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Middleware

from handlers.rest.events.auth import PUBLIC
from handlers.rest.events.invitation_pages import OUTSIDE as INVITATIONS
from handlers.rest.events.renditions import OUTSIDE as RENDITIONS
from handlers.rest.media import OUTSIDE as MEDIA
from handlers.rest.messaging.oauth import OUTSIDE as OAUTH
from handlers.rest.messaging.uploads import show_protocol
from handlers.rest.reference import OUTSIDE as REFERENCE
from handlers.rest.reference import reference_routes
from handlers.rest.requests import CHOOSE_ACCOUNT
from models.services.accounts.sessions import FindEndedSessions
from models.stores.database import until_done
from server.config import Settings
from server.http import pages
from server.http.api_version import require_version
from server.http.application import build_application, refusal_response, refuse_faults
from server.http.client_address import locate_clients
from server.http.compression import compress_answers
from server.http.etags import tag_answers
from server.http.identity import require_identity
from server.http.lines_per_address import LINES, limit_lines
from server.http.open_files import OPEN_FILES, OpenFiles, open_files_limit, refuse_when_short
from server.http.page_files import PageFiles
from server.http.page_versions import ServedVersions
from server.http.rate_limits import RequestLimit, limit_requests
from server.http.stalls import require_progress
from server.http.tell_first import tell_first
from server.metrics import PATH as METRICS
from server.metrics import Metrics
from server.nodes.agreement import Agreement
from server.nodes.session_proxy import SessionProxy
from server.process.worker_metrics import WorkerMetrics
from server.sockets.drain import drain
from server.sockets.revoked_session_sweeper import RevokedSessionSweeper
from server.sockets.server import SocketServer
from server.wiring.invalidation import Invalidate
from server.wiring.measures import measure
from server.wiring.namespaces import SOCKET_SERVER, namespaces, socket_server
from server.wiring.nodes import agreement, join_nodes, session_proxy
from server.wiring.outside import open_outside
from server.wiring.routes import api_routes, media_rules
from server.wiring.services import SERVICES, Services, build_services, open_services

SOCKETS = "/socket.io/"
DRAIN_CLIENTS: web.AppKey[Callable[[], Awaitable[None]]] = web.AppKey("drain_clients")
DRAIN_SHARE = 0.25  # of shutdown_s, for sending clients away while the others are served


async def build(
    settings: Settings, mongodb_url: str, redis_url: str, worker_socket: Path | None = None
) -> web.Application:
    """Returns the application. What it opens is closed in its shutdown and cleanup hooks.

    `app[DRAIN_CLIENTS]()`, before these and while the application still listens, sends its clients away one by one.
    `worker_socket` is where the other workers ask for this one's metrics.
    """
    async with AsyncExitStack() as stack:
        services = build_services(settings, await open_outside(stack, settings, mongodb_url, redis_url))
        runtime, proxy = services.runtime, session_proxy(services.runtime)
        compared, sockets = agreement(runtime), socket_server(runtime, proxy)
        sweeper = _sweeper(services, sockets)
        await open_services(services, stack)
        await sweeper.open()
        stack.push_async_callback(sweeper.close)
        page_files = await asyncio.to_thread(PageFiles.read, pages.STATIC)
        page_versions = ServedVersions(page_files, runtime.stores.page_versions, runtime.clock)
        await until_done(page_versions.announce)
        await join_nodes(runtime, sockets, proxy, compared, SOCKETS, stack)
        node = _Node(services, sockets, proxy, compared, page_versions)
        measure(services, sockets, proxy, compared, node.is_ready)
        workers = None if worker_socket is None else await _join_workers(runtime.metrics, worker_socket, stack)
        app = node.application(workers)
        open_parts = stack.pop_all()

    async def close(_: web.Application) -> None:
        await open_parts.aclose()

    app[DRAIN_CLIENTS] = node.drain_clients
    app[SERVICES], app[SOCKET_SERVER] = services, sockets
    app[LINES] = runtime.lines
    app.on_shutdown.append(node.drain)
    app.on_cleanup.append(close)
    return app


def _sweeper(services: Services, sockets: SocketServer) -> RevokedSessionSweeper:
    """Returns what closes sockets of sessions that have ended, and starts acting on the signals of all nodes."""
    runtime, authenticate = services.runtime, services.accounts.authenticate

    def end_session(session_id: str) -> None:
        authenticate.forget([session_id])
        sockets.close_session(session_id)

    sweeper = RevokedSessionSweeper(
        runtime.connections,
        FindEndedSessions(runtime.stores.sessions, runtime.stores.ownerships, runtime.clock),
        end_session,
        every_s=runtime.settings.nodes.cache_ttl_s / 2,
    )
    runtime.bus_listeners.signal.add(
        Invalidate(
            authenticate,
            services.contacts.directory,
            services.contacts.require_contact,
            services.contacts.read_receipts,
            services.log.memberships,
            services.presence.presence,
            runtime.fanout,
            sweeper,
            end_session,
        )
    )
    return sweeper


async def _join_workers(metrics: Metrics, worker_socket: Path, stack: AsyncExitStack) -> WorkerMetrics:
    workers = WorkerMetrics(worker_socket, metrics.text)
    await workers.open()
    stack.push_async_callback(workers.close)
    return workers


class _Node:
    """The application over the services: its routes and middlewares, whether it is ready, and its end."""

    def __init__(
        self,
        services: Services,
        sockets: SocketServer,
        proxy: SessionProxy,
        compared: Agreement,
        page_versions: ServedVersions,
    ) -> None:
        self._services = services
        self._page_versions = page_versions
        self._sockets = sockets
        self._session_proxy = proxy
        self._agreement = compared
        self._is_draining = False

    def application(self, workers: WorkerMetrics | None) -> web.Application:
        runtime, settings = self._services.runtime, self._services.runtime.settings
        routes = [
            *api_routes(self._services),
            *pages.routes(self._ready, settings.sms.provider, self._page_versions),
            *runtime.metrics.routes(settings.http.metrics_for, workers.gather if workers else None),
        ]
        exempt = {*pages.OUTSIDE, *INVITATIONS, *MEDIA, *RENDITIONS, *REFERENCE, SOCKETS, METRICS}
        outside = {*exempt, *OAUTH}
        request_limit = limit_requests(runtime.request_limit, exempt=exempt)
        app = build_application(
            [*routes, *reference_routes(routes, outside=outside)],
            self._middlewares(request_limit, outside),
            body_max_bytes=settings.http.body_max_bytes,
            bodies_max_bytes=settings.http.bodies_max_bytes,
            origins=settings.http.cors_origins,
            idle_s=settings.http.idle_s,
        )
        app[CHOOSE_ACCOUNT] = self._services.accounts.choose
        app.on_response_prepare.append(request_limit.show)
        app.on_response_prepare.append(show_protocol(media_rules(settings.media)))
        self._bound_open_files(app)
        pages.load_templates(app, self._page_versions.own.version)
        for namespace in namespaces(self._services):
            self._sockets.register_namespace(namespace)
        self._sockets.attach(app)
        return app

    def _middlewares(self, request_limit: RequestLimit, outside: Collection[str]) -> list[Middleware]:
        """Returns the middlewares, the outermost first."""
        runtime, http = self._services.runtime, self._services.runtime.settings.http
        return [
            runtime.metrics.counting(outside={SOCKETS}),
            require_progress(stalled_s=http.stalled_s, least_bytes_per_s=http.least_bytes_per_s, sockets=SOCKETS),
            refuse_faults,
            locate_clients(http.trusted_proxies),
            limit_lines(runtime.lines, sockets=SOCKETS),
            require_version,
            tag_answers,
            compress_answers(from_bytes=http.compress_from_bytes),
            request_limit.charge_bad_tokens,
            require_identity(self._services.accounts.authenticate, public=PUBLIC, outside=outside),
            request_limit.charge_callers,
            tell_first(runtime.bus.signals_sent),
        ]

    def _bound_open_files(self, app: web.Application) -> None:
        app[OPEN_FILES] = files = OpenFiles(open_files_limit())
        app.middlewares.insert(0, refuse_when_short(files, refusal_response, probes=("/healthz", "/readyz", METRICS)))
        self._services.runtime.metrics.counter(
            "parley_open_files_refused",
            "Connections and requests refused because open files were short",
            lambda: files.refused,
        )

    async def drain_clients(self) -> None:
        """Admit no new clients, and ask connected ones, one by one, to come back; requests are still served."""
        self._is_draining = True
        settings = self._services.runtime.settings
        self._services.runtime.connect_admission.close()
        clients = self._sockets.drain_all() + self._session_proxy.drain_all()
        await drain(clients, per_s=settings.sockets.drain_per_s, within_s=settings.shutdown_s * DRAIN_SHARE)

    async def drain(self, _: web.Application) -> None:
        """Disconnect the remaining clients, store what was accepted, and answer it."""
        log, bus = self._services.log, self._services.runtime.bus
        await self.drain_clients()
        given_up = await log.journal.close()
        await log.announcer.close()
        if given_up or log.announcer.depth or log.announce_again.depth:
            bus.mark_lost()  # else clients on other nodes would never learn of these entries
        await self._sockets.close()
        if await self._services.chats.marks.close():
            bus.mark_lost()

    def _ready(self) -> pages.Ready:
        """Returns which parts work, as far as is known: it waits for nothing, because load balancers ask each second."""
        runtime = self._services.runtime
        parts: pages.Ready = {
            "status": "not ready",
            "database": runtime.database_health.is_up,
            "bus": runtime.bus.is_up,
            "secret": self._agreement.has_secret,
            "clock": self._agreement.has_time,
            "not_draining": not self._is_draining,
        }
        if all(parts.values()):  # the status is a non-empty text, so it counts as true
            parts["status"] = "ready"
        return parts

    def is_ready(self) -> bool:
        """Returns whether clients should be sent to this node."""
        return self._ready()["status"] == "ready"
