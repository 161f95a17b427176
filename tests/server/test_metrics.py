"""What a node tells its operators, and nobody else."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from server.embedded import EmbeddedStores
from tests.node import Node, running_node, settings_for
from tests.socket_world import sign_in_friends

BOARD = Path(__file__).parents[2] / "deploy" / "grafana.json"


@pytest.fixture(scope="module")
async def node(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    async with running_node(stores, settings_for(tmp_path_factory.mktemp("metrics"))) as running:
        yield running


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


async def test_the_board_shows_what_there_is(node: Node) -> None:
    names = {name for name, _ in await read_metrics(node)}
    shown = {
        name
        for panel in json.loads(BOARD.read_text())["panels"]
        for target in panel["targets"]
        for name in re.findall(r"parley_\w+", target["expr"])
    }
    assert shown <= names, shown - names
