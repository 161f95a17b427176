"""Exposes the metrics of this node for Prometheus: `GET /metrics` (docs/operations.md, "Watching").

Numbers that the parts keep anyway are read when they are scraped; only refusals, batches and requests are counted as
they happen, which costs about a microsecond each.
"""

from collections import Counter as Tally
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from http import HTTPStatus
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from time import monotonic

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector
from typing_extensions import override

from handlers.errors import status_of
from handlers.rest.described import OperationSpec
from handlers.rest.paths import plain
from handlers.rest.requests import CLIENT_ADDRESS
from models.errors import DomainError, NotFound

PATH = "/metrics"
METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
BATCHES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class _Kept(Collector):
    """Collects counters that other objects keep as plain numbers."""

    def __init__(self) -> None:
        self.counters: list[tuple[str, str, Callable[[], float]]] = []

    @override
    def collect(self) -> list[CounterMetricFamily]:
        return [CounterMetricFamily(name, text, value=read()) for name, text, read in self.counters]


class Metrics:
    """The metrics of one node, in a registry of their own, because tests run several nodes in one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._kept = _Kept()
        self._refusals = Counter(
            "parley_refusals", "Refusals by the door and their code", ["door", "code"], registry=self.registry
        )
        self._batches = Histogram(
            "parley_journal_batch_entries", "Entries of one group commit", buckets=BATCHES, registry=self.registry
        )
        self._entries = Counter("parley_entries", "Stored entries by their kind", ["kind"], registry=self.registry)
        self._fanout = Histogram(
            "parley_fanout_seconds",
            "From an entry's arrival to its announcement by the node that stored it",
            buckets=SECONDS,
            registry=self.registry,
        )
        self._notifications = Counter(
            "parley_notifications", "What became of pushes and texts", ["kind", "outcome"], registry=self.registry
        )
        self._requests = Histogram(
            "parley_http_request_seconds",
            "From a request's head to the end of its answer, by method and status",
            ["method", "status"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self.registry.register(self._kept)

    def text(self) -> bytes:
        """Returns the metrics of this node in Prometheus' text format."""
        return generate_latest(self.registry)

    def gauge(self, name: str, text: str, read: Callable[[], float]) -> None:
        """Register a number that goes up and down, read when it is scraped."""
        Gauge(name, text, registry=self.registry).set_function(read)

    def info(self, name: str, text: str, labels: Mapping[str, str]) -> None:
        """Register constants, as labels of a gauge that is 1."""
        Gauge(name, text, list(labels), registry=self.registry).labels(*labels.values()).set(1)

    def counter(self, name: str, text: str, read: Callable[[], float]) -> None:
        """Register a number that only grows, read when it is scraped."""
        self._kept.counters.append((name, text, read))

    def refused(self, door: str, code: str) -> None:
        self._refusals.labels(door, code).inc()

    def stored(self, kinds: Sequence[str]) -> None:
        """Count a group commit of entries of these kinds."""
        self._batches.observe(len(kinds))
        for kind, count in Tally(kinds).items():
            self._entries.labels(kind).inc(count)

    def announced(self, after_s: float) -> None:
        """Count an entry that was announced so many seconds after it arrived."""
        self._fanout.observe(max(0.0, after_s))

    def notified(self, kind: str, outcome: str) -> None:
        """Count a push or a text that is finished, by the part of its outcome before the colon, which is one of a few."""
        self._notifications.labels(kind, outcome.partition(":")[0]).inc()

    def counting(self, *, outside: Collection[str]) -> Middleware:
        """Returns a middleware that counts requests and refusals, except on `outside`: paths that are held open by the socket engine."""

        @web.middleware
        async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.path in outside:
                return await handler(request)
            started, status = monotonic(), int(HTTPStatus.INTERNAL_SERVER_ERROR)
            try:
                response = await handler(request)
                status = response.status
            except DomainError as refusal:
                status = status_of(refusal)
                self.refused("rest", refusal.code)
                raise
            except web.HTTPException as answer:
                status = answer.status
                if status >= HTTPStatus.BAD_REQUEST:
                    self.refused("rest", str(status))
                raise
            finally:
                # Clients can send any method: only known ones become labels.
                method = request.method if request.method in METHODS else "other"
                self._requests.labels(method, str(int(status))).observe(monotonic() - started)
            return response

        return count

    def routes(
        self, allowed: Sequence[str], gather: Callable[[], Awaitable[bytes]] | None
    ) -> list[web.AbstractRouteDef]:
        """Returns `/metrics` for these addresses and networks; to everybody else it does not exist.

        `gather` returns the numbers of all workers, where there are several.
        """
        networks = [ip_network(address, strict=False) for address in allowed]

        async def show(request: web.Request) -> web.Response:
            if not any(_is_in(request[CLIENT_ADDRESS], network) for network in networks):
                raise web.HTTPNotFound
            body = self.text() if gather is None else await gather()
            return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

        described = OperationSpec(
            "What this node tells its operators, in Prometheus' words.",
            {200: "text/plain"},
            refuses=(NotFound,),
            is_public=True,
            description="For the addresses that the settings name; to everybody else it does not exist.",
        )
        return [*plain("GET", PATH, show, described)]


def _is_in(address: str, network: IPv4Network | IPv6Network) -> bool:
    try:
        return ip_address(address) in network
    except ValueError:  # a Unix socket has no address
        return False
