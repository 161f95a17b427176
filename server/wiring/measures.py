"""Registers the metrics of a node: which part is read for which number (server/metrics.py)."""

import platform
import resource
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import process_time, time

from handlers.wire.sockets.packets import NAMESPACES
from models.services.notifications.delivery import DeliverNotifications
from models.stores.notifications import PUSH, TEXT
from server import __version__
from server.http.open_files import OPEN, count_open_files, open_files_limit
from server.nodes.agreement import Agreement
from server.nodes.session_proxy import SessionProxy
from server.sockets.server import SocketServer
from server.wiring.services import Services

STARTED_AT = time()  # just after the process started
MEMORY = Path("/proc/self/statm")  # in pages: total, resident, …


def _held_bytes() -> float:
    return float(MEMORY.read_text("ascii").split()[1]) * resource.getpagesize()


def _under_way(worker: DeliverNotifications | None) -> float:
    return 0.0 if worker is None else worker.under_way


def _behind_s(worker: DeliverNotifications | None) -> float:
    return 0.0 if worker is None else worker.behind_s


def measure(
    services: Services,
    sockets: SocketServer,
    session_proxy: SessionProxy,
    agreement: Agreement,
    is_ready: Callable[[], bool],
) -> None:
    """Register the numbers that the parts keep anyway."""
    runtime, announcer = services.runtime, services.log.announcer
    metrics, bus = runtime.metrics, runtime.bus
    metrics.info("parley_build_info", "What is running", {"version": __version__, "python": platform.python_version()})
    metrics.gauge("parley_ready", "Whether people should be sent here, as /readyz says", lambda: float(is_ready()))
    health = runtime.database_health
    metrics.gauge("parley_database_up", "Whether MongoDB answers", lambda: float(health.is_up))
    metrics.gauge(
        "parley_secret_agrees",
        "Whether auth.secret is that of the nodes that were there before",
        lambda: float(agreement.has_secret),
    )
    metrics.gauge(
        "parley_clock_agrees",
        "Whether the clock is near enough to other nodes' for their requests",
        lambda: float(agreement.has_time),
    )
    metrics.gauge(
        "parley_clock_ahead_seconds",
        "By how much this machine's clock is ahead of Redis'",
        lambda: agreement.offset_s,
    )
    metrics.gauge("parley_sockets", "Open Engine.IO connections", lambda: len(sockets.eio.sockets))
    for namespace in NAMESPACES:
        name = f"parley_connections_{namespace.removeprefix('/')}"
        count = partial(runtime.connections.count, namespace)
        metrics.gauge(name, f"Connections in {namespace}", count)
    keeper = runtime.connect_admission
    metrics.gauge("parley_joins_waiting", "People in line for /chat", lambda: keeper.waiting)
    metrics.counter("parley_joins", "People let into /chat", lambda: keeper.admitted)
    metrics.counter("parley_joins_put_off", "People told to come back to /chat later", lambda: keeper.refused)
    metrics.gauge("parley_journal_queue_entries", "Entries that wait to be stored", lambda: services.log.journal.depth)
    metrics.gauge("parley_fanout_queue_entries", "Stored entries that wait to be announced", lambda: announcer.depth)

    def lag_s() -> float:
        since = announcer.waits_since
        return 0.0 if since is None else max(0.0, (runtime.clock.now() - since).total_seconds())

    metrics.gauge("parley_fanout_lag_seconds", "Age of the oldest entry that waits to be announced", lag_s)
    for kind, text in ((PUSH, "pushes"), (TEXT, "texts")):
        worker = services.notifications.workers.get(kind)
        metrics.gauge(f"parley_{text}_under_way", f"How many {text} are being delivered", partial(_under_way, worker))
        metrics.gauge(
            f"parley_{text}_behind_seconds", f"How long the {text} taken last had waited", partial(_behind_s, worker)
        )
    metrics.gauge("parley_bus_up", "Whether Redis carries events to and from other nodes", lambda: float(bus.is_up))
    metrics.gauge("parley_bus_queue_packets", "Packets that wait to be published", lambda: bus.shards.depth)
    metrics.counter("parley_bus_heard", "Messages read from the bus", lambda: bus.shards.messages_read)
    metrics.gauge("parley_large_chats", "Large chats that this node listens to", lambda: len(bus.large_chats))
    metrics.gauge("parley_other_nodes", "Other nodes that are alive", lambda: len(bus.lease.others))
    metrics.gauge(
        "parley_passed_on_requests", "Requests held for sessions of other nodes", lambda: session_proxy.under_way
    )
    metrics.counter(
        "parley_passed_on", "Requests passed on to the node of their session", lambda: session_proxy.forwarded
    )
    metrics.counter(
        "parley_passed_on_unanswered",
        "Of these, those whose node was gone or stalled",
        lambda: session_proxy.unanswered,
    )
    metrics.counter("parley_passed_on_refused", "Requests beyond nodes.passed_on_max", lambda: session_proxy.refused)
    metrics.counter("parley_bus_breaks", "Times that the connection to Redis broke", lambda: bus.breaks)
    metrics.counter("parley_slow_readers", "Clients closed because they did not read", lambda: sockets.eio.slow_readers)
    # Under the names that prometheus_client has for them. Its own collector counts open files one by one.
    if MEMORY.exists():
        metrics.gauge("process_resident_memory_bytes", "Memory that the process holds", _held_bytes)
    if OPEN.exists():
        metrics.gauge("process_open_fds", "Open files; a client is one", count_open_files)
    metrics.gauge("process_max_fds", "Open files that it may have; a client is one", open_files_limit)
    metrics.gauge("process_start_time_seconds", "When it started, in seconds since 1970", lambda: STARTED_AT)
    metrics.counter("process_cpu_seconds", "Processor time that it has used", process_time)
