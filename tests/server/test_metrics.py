"""What a node tells its operators, and nobody else."""

import asyncio
import json
import re
import resource
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from server.config import MongodbSettings, RedisSettings
from server.embedded import EmbeddedStores
from server.metrics import Metrics
from tests.support import raw
from tests.support.line_cutter import line_cutter
from tests.support.node import Node, running_node, settings_for
from tests.support.socket_fixture import sign_in_friends

BOARD = Path(__file__).parents[2] / "deploy" / "grafana.json"
OF_WORKERS = {"parley_worker_up"}  # what there is with `--workers` alone: see test_siblings.py


async def read_metrics(node: Node) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    async with node.http.get(node.url + "/metrics") as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/plain")
        families = text_string_to_metric_families(await answer.text())
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


async def read_metric(node: Node, name: str, **labels: str) -> float:
    return (await read_metrics(node)).get((name, frozenset(labels.items())), 0.0)


async def test_connections_messages_and_refusals_are_counted(node: Node) -> None:
    ann, tom = await sign_in_friends(node)
    stored = await read_metric(node, "parley_journal_batch_entries_sum")
    phone = await node.connect(ann, "/chat")
    assert await read_metric(node, "parley_sockets") == 1
    assert await read_metric(node, "parley_connections_chat") == 1
    assert (await phone.ask("message_send", {"contact": tom.number, "client_id": "1", "text": "Hi"}))["ok"]
    assert await read_metric(node, "parley_journal_batch_entries_sum") == stored + 1
    assert not (await phone.ask("nothing"))["ok"]
    assert await read_metric(node, "parley_refusals_total", door="sockets", code="unknown_event") == 1
    status, _ = await node.rest("GET", "/api/contacts/1/", ann)
    assert status == 404
    assert await read_metric(node, "parley_refusals_total", door="rest", code="contact_not_found") == 1
    assert await read_metric(node, "parley_http_request_seconds_count", method="GET", status="404") >= 1
    assert await read_metric(node, "parley_bus_up") == 1


async def test_refusals_before_any_namespace_are_counted(node: Node) -> None:
    codes = ("not_found", "unauthenticated")
    ann, _ = await sign_in_friends(node)
    async with raw.frames(node.url) as line:
        before = [await read_metric(node, "parley_refusals_total", door="sockets", code=code) for code in codes]
        await line.say("40/nowhere," + json.dumps({"token": ann.token}))
        await line.hear_until("44/nowhere,")
        await line.say('42/chat,1["sync"]')
        await line.hear_until("43/chat,1")
    after = [await read_metric(node, "parley_refusals_total", door="sockets", code=code) for code in codes]
    assert [now - then for now, then in zip(after, before, strict=True)] == [1, 1]


async def test_what_a_process_costs_is_told(node: Node) -> None:
    before = await read_metrics(node)
    costs = [before[name, frozenset()] for name in ("process_resident_memory_bytes", "process_max_fds")]
    assert min(costs) > 100
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    assert costs[0] < 1.5 * peak, "what is only reserved is not held"
    used: tuple[str, frozenset[tuple[str, str]]] = ("process_cpu_seconds_total", frozenset())
    assert 0 < before[used] < (await read_metrics(node))[used]


async def test_a_node_that_sends_no_pushes_is_behind_with_none(node: Node) -> None:
    told = await read_metrics(node)
    assert [told[name, frozenset()] for name in ("parley_pushes_under_way", "parley_pushes_behind_seconds")] == [0, 0]


async def test_with_the_database_away_what_clients_are_told_is_what_is_counted(
    stores: EmbeddedStores, tmp_path: Path
) -> None:
    assert stores.mongod is not None
    async with line_cutter(stores.mongod.port) as wire:
        url = stores.mongod.url_by(wire.port)
        through = EmbeddedStores(tmp_path, MongodbSettings(url=url), RedisSettings(url=stores.redis_url))
        async with running_node(through, settings_for(tmp_path, mongodb={"timeout_s": 1})) as node:
            ann, stranger = await node.sign_in_by_code("4930988000001"), await node.sign_in_by_code("4930988000002")
            assert (await node.rest("GET", "/api/contacts/", ann))[0] == 200
            wire.is_dead = True
            try:
                assert (await node.rest("GET", "/api/contacts/", ann))[0] == 503
                async with raw.frames(node.url) as line:
                    await line.say("40/chat," + json.dumps({"token": stranger.token}))
                    assert '"unavailable"' in await line.hear_until("44/chat,")
            finally:
                wire.is_dead = False
            for door in ("rest", "sockets"):
                assert await read_metric(node, "parley_refusals_total", door=door, code="unavailable") == 1, door
            assert await read_metric(node, "parley_http_request_seconds_count", method="GET", status="503") == 1
            assert await read_metric(node, "parley_http_request_seconds_count", method="GET", status="500") == 0


async def test_entries_are_counted_by_kind_and_timed_until_they_are_announced(node: Node) -> None:
    ann, tom = await sign_in_friends(node)
    phone, other = await node.connect(ann, "/chat"), await node.connect(tom, "/chat")
    before = await read_metrics(node)
    sent = (await phone.ask("message_send", {"contact": tom.number, "client_id": "1", "text": "Hi"}))["message"]
    place = {"chat": sent["chat"], "seq": sent["seq"]}
    assert (await phone.ask("message_edit", {**place, "text": "Hello"}))["ok"]
    await other.expect("message_edited")
    after = await read_metrics(node)
    for name, labels in (
        ("parley_entries_total", {"kind": "message"}),
        ("parley_entries_total", {"kind": "edit"}),
    ):
        key = (name, frozenset(labels.items()))
        assert after[key] == before.get(key, 0) + 1
    timed: tuple[str, frozenset[tuple[str, str]]] = ("parley_fanout_seconds_count", frozenset())
    assert after[timed] == before[timed] + 2


async def test_what_became_of_texts_is_counted(node: Node) -> None:
    ann, _ = await sign_in_friends(node)
    event = {"title": "Tea", "event_date": "2031-05-01T10:00:00Z", "invite_phone_numbers": ["+4930999000111"]}
    status, shown = await node.rest("POST", "/events", ann, json=event)
    assert status in (200, 201), shown
    async with asyncio.timeout(30):
        while not await read_metric(node, "parley_notifications_total", kind="text", outcome="delivered"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_made_up_methods_and_paths_make_no_new_series(node: Node) -> None:
    for method in ("BREW", "WHEN"):
        async with node.http.request(method, node.url + "/nowhere") as answer:
            assert answer.status >= 400
    async with node.http.get(node.url + "/elsewhere"):
        pass
    labels = str(await read_metrics(node))
    assert not any(word in labels for word in ("BREW", "WHEN", "nowhere", "elsewhere"))


async def test_to_others_it_does_not_exist(stores: EmbeddedStores, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, http={"metrics_for": ["10.0.0.0/8"]})
    async with running_node(stores, settings) as node, node.http.get(node.url + "/metrics") as answer:
        assert answer.status == 404


async def list_series(node: Node) -> set[str]:
    """The names of all series that there can be, also of those that nothing has been counted in."""
    async with node.http.get(node.url + "/metrics") as answer:
        families = list(text_string_to_metric_families(await answer.text()))
    endings = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}
    return {family.name + ending for family in families for ending in endings.get(family.type, [""])}


def list_shown() -> set[str]:
    panels = json.loads(BOARD.read_text())["panels"]
    return {
        name
        for panel in panels
        for target in panel["targets"]
        for name in re.findall(r"(?:parley|process)_\w+", target["expr"])
    }


async def test_the_board_shows_what_there_is(node: Node) -> None:
    names = await list_series(node) | OF_WORKERS
    assert list_shown() <= names, list_shown() - names


def list_labels(family: str) -> set[str]:
    """By what the board splits or chooses the series of this family."""
    panels = json.loads(BOARD.read_text())["panels"]
    of_family = [
        target["expr"] for panel in panels for target in panel["targets"] if re.search(rf"{family}\b", target["expr"])
    ]
    words = [word for expr in of_family for word in re.findall(r"by \(([^)]*)\)|\{(\w+)=", expr)]
    return {label for by, chosen in words for label in re.findall(r"\w+", f"{by} {chosen}")} - {"instance"}


async def test_the_board_goes_by_labels_that_there_are(node: Node) -> None:
    figures = Metrics()
    figures.refused("rest", "malformed")
    figures.stored(["message"])
    figures.announced(0.1)
    figures.notified("push", "delivered")
    async with node.http.get(node.url + "/healthz") as answer:
        assert answer.status == 200
    async with node.http.get(node.url + "/metrics") as answer:
        shown = [*text_string_to_metric_families(figures.text().decode() + await answer.text())]
    labels: dict[str, set[str]] = {}
    for sample in (sample for family in shown for sample in family.samples):
        labels.setdefault(sample.name, set()).update(sample.labels)
    by_name = {name: list_labels(name) for name in list_shown()}
    assert {name for name, used in by_name.items() if used} >= {"parley_refusals_total", "parley_entries_total"}
    assert by_name.keys() - labels.keys() <= OF_WORKERS
    assert {name: used - labels[name] for name, used in by_name.items() if used - labels.get(name, set())} == {}


async def test_whatever_there_is_is_on_the_board(node: Node) -> None:
    ours = {name for name in await list_series(node) if not name.endswith("_created")}
    beside = {name for name in ours if name.endswith(("_sum", "_count"))}  # of what is shown by its buckets
    assert ours - list_shown() - beside == set()


def test_no_two_panels_lie_on_each_other() -> None:
    panels = json.loads(BOARD.read_text())["panels"]
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels]
    assert len(set(places)) == len({panel["id"] for panel in panels}) == len(panels)
