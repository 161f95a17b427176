"""Plans of fault runs: how much is written, who takes part, and how often each fault is injected."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from benchmarks.fault_injector import BRIEFLY, HELD_S, Kind

OF_A_CLUSTER = (Kind.SHARD_KILL, Kind.SHARD_PAUSE, Kind.SHARD_FAILOVER, Kind.SLOTS_MOVE)
OF_ONE_REDIS = (Kind.REDIS_KILL, Kind.REDIS_FLUSH, Kind.REDIS_PAUSE, Kind.REDIS_CUT, Kind.REDIS_STALL)
EACH_KIND_ONCE = {kind: 1 for kind in Kind if kind not in OF_A_CLUSTER}


@dataclass(frozen=True, slots=True)
class Plan:
    """One run.

    It lasts until `messages` are acknowledged, an equal part of them between two faults: a busy machine takes longer.
    """

    seconds: float = 100.0
    messages: int = 21_000
    senders: int = 32
    direct_chats: int = 160
    groups: int = 40
    large_groups: int = 0
    listeners: int = 6
    control_clients: int = 0
    nodes: int = 1
    every_s: float = 0.0  # a sender writes no faster than that
    stays_s: float = 0.0  # how long a sender stays on one connection; 0: for as long as it holds
    faults: Mapping[Kind, int] = field(default_factory=lambda: {Kind.NODE_KILL: 20, Kind.MONGOD_KILL: 5})
    held_s: Mapping[Kind, tuple[float, float]] = field(default_factory=lambda: HELD_S, repr=False)
    lanes: int = 2  # faults of so many kinds at the same time
    redis_cluster: bool = False


def on_a_cluster(plan: Plan) -> Plan:
    """Returns the plan with as many faults of a Redis Cluster in place of those of one Redis."""
    times = sum(plan.faults.get(kind, 0) for kind in OF_ONE_REDIS)
    faults = {kind: count for kind, count in plan.faults.items() if kind not in OF_ONE_REDIS}
    each = -(-times // len(OF_A_CLUSTER))
    return replace(plan, redis_cluster=True, faults={**faults, **dict.fromkeys(OF_A_CLUSTER, each)})


ONE_NODE = Plan()
ONE_NODE_SHORT = Plan(
    seconds=9.0,
    messages=1000,
    senders=10,
    direct_chats=20,
    groups=4,
    listeners=3,
    every_s=0.05,
    faults={Kind.NODE_KILL: 3, Kind.MONGOD_KILL: 1},
)
NODES = Plan(
    seconds=150.0,
    messages=100_000,
    senders=64,
    direct_chats=240,
    groups=16,
    large_groups=1,
    listeners=3,
    control_clients=9,
    nodes=3,
    every_s=0.08,  # all of them together 800 in a second, which leaves two cores something for coming back
    stays_s=40.0,  # a connection costs as much as some twenty messages
    faults={
        Kind.NODE_KILL: 4,
        Kind.MONGOD_KILL: 3,
        Kind.REDIS_KILL: 3,
        Kind.REDIS_FLUSH: 3,
        Kind.REDIS_PAUSE: 2,
        Kind.NODE_PAUSE: 2,
        Kind.REDIS_CUT: 2,
        Kind.REDIS_STALL: 2,
        Kind.MONGODB_CUT: 2,
        Kind.MONGODB_STALL: 2,
    },
    lanes=1,
)
NODES_SHORT = Plan(
    seconds=12.0,
    messages=800,
    senders=12,
    direct_chats=20,
    groups=4,
    listeners=2,
    control_clients=6,
    nodes=3,
    every_s=0.1,
    stays_s=8.0,
    faults=EACH_KIND_ONCE,
    held_s=BRIEFLY,
    lanes=5,
)
